/**
  Tells whether `toJSON` writes a value as an object. It writes a derivation, and a set with `__toString`, as a string.

  # Type

      isJSONObject :: any -> bool
*/
value: builtins.isAttrs value && !(value ? outPath) && !(value ? __toString)
