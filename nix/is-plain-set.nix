/**
  Tells whether a value is an attribute set that JSON has as an object. A derivation is none: JSON has its path.

  # Type

      isPlainSet :: any -> bool
*/
value: builtins.isAttrs value && !(value ? outPath)
