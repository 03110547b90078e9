# Whether JSON has the value as an object. A derivation is an attribute set, and JSON has its path.
value: builtins.isAttrs value && !(value ? outPath)
