# Reads store paths, and converts values to store paths. It never builds or reads anything: it only handles text and
# string context.
#
# A string such as "/nix/store/<hash>-bash" that has no context is plain text to Nix. Nothing would make the path an
# input, and it would be missing in the image. `tracked` gives such a string its context back.
let
  inherit (builtins)
    appendContext
    elemAt
    hasContext
    isAttrs
    isPath
    isString
    match
    storeDir
    stringLength
    substring
    unsafeDiscardStringContext
    ;
  inherit (import ./refuse.nix) refuse;

  prefix = "${storeDir}/";
  hashLength = 32;
  # The last part of a store path is the hash, "-", and a name of at most 211 characters (`checkName` in Nix's
  # libstore).
  maxBaseLength = hashLength + 1 + 211;

  inStore = text: substring 0 (stringLength prefix) text == prefix;

  /**
    Reads a store path. It returns null for any other text.

    # Example

        parse "/nix/store/<hash>-<name>" => { hash; name; }
  */
  parse =
    text:
    let
      base = substring (stringLength prefix) (maxBaseLength + 1) text;
      parts = match "([0-9a-df-np-sv-z]{32})-([a-zA-Z0-9+._?=-]+)" base;
    in
    if !inStore text || stringLength base > maxBaseLength || parts == null then
      null
    else
      {
        hash = elemAt parts 0;
        name = elemAt parts 1;
      };

  # "/nix/store/<hash>-<name>/bin/sh" -> "/nix/store/<hash>-<name>", without context.
  top =
    text:
    let
      rest = substring (stringLength prefix) (-1) (unsafeDiscardStringContext text);
    in
    prefix + elemAt (builtins.split "/" rest) 0;

  tracked =
    text:
    if !inStore text || hasContext text || parse (top text) == null then
      text
    else
      appendContext text {
        ${top text} = {
          path = true;
        };
      };

  # Converts a value to text with context: the output path of a derivation, a path that is copied to the store, or a
  # string. It returns null for any other value.
  toText =
    builder: field: value:
    if isAttrs value && value ? outPath then
      (
        if isString value.outPath && inStore value.outPath then
          value.outPath
        else
          refuse builder field value
            "one whose output path is known when evaluating (this one's is content-addressed)"
      )
    else if isPath value then
      (if parse (toString value) != null then tracked (toString value) else "${value}")
    else if isString value then
      tracked value
    else
      null;

  /**
    Converts a derivation, a path, or the text of a store path to the text of a store path, with context.
  */
  toStorePath =
    builder: field: value:
    let
      text = toText builder field value;
    in
    if text == null || parse text == null then
      refuse builder field value "a derivation or a store path, ${prefix}<hash>-<name>"
    else
      text;

  /**
    Does the same as `toStorePath`, and also accepts a file or directory inside a store path.
  */
  toStoreFile =
    builder: field: value:
    let
      text = toText builder field value;
    in
    if text == null || !inStore text || parse (top text) == null then
      refuse builder field value "a derivation, a path, or a string below ${prefix}<hash>-<name>"
    else
      text;
in
{
  inherit
    inStore
    parse
    toText
    toStorePath
    toStoreFile
    ;
}
