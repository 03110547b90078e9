# An image for several platforms: a file that names an image for each, which the registry serves as an OCI index.
let
  inherit (builtins)
    attrNames
    elemAt
    isAttrs
    isString
    map
    match
    toJSON
    unsafeDiscardOutputDependency
    ;
  inherit (import ./refuse.nix) refuse onlyKnown;
  inherit (import ./store-path.nix) toStorePath;
  inherit (import ./platform.nix) isArchitecture architectureNames;

  builder = "image";
  # The registry takes no more: more than any image has, few enough that each can be looked at.
  maxPlatforms = 32;

  # "linux/arm/v7" -> { os; architecture; variant; }
  parsePlatform =
    name:
    let
      parts = match "linux/([a-z0-9]+)(/([a-z0-9.]+))?" name;
      architecture = elemAt parts 0;
      variant = elemAt parts 2;
    in
    if parts == null || !(isArchitecture architecture) then
      refuse builder "a name in platforms" name
        ''"linux/<architecture>" or "linux/<architecture>/<variant>", of ${architectureNames}''
    else
      {
        os = "linux";
        inherit architecture;
      }
      // (if variant == null then { } else { inherit variant; });

  checkPlatform =
    name: given:
    let
      field = "platforms.${toJSON name}";
      platform = parsePlatform name;
      isPlain = !isAttrs given || given ? outPath;
      choice =
        if isPlain then
          { image = given; }
        else
          onlyKnown builder field [
            "image"
            "mode"
          ] given;
      image = choice.image or (throw "${builder}: ${field}.image is missing");
      mode = choice.mode or "out";
      # What our own images say of themselves; others are looked at when they are served.
      said = if isAttrs image then image.architecture or null else null;
    in
    if said != null && said != platform.architecture then
      throw "${builder}: ${field} is an image for ${toJSON said}, expected one for ${toJSON platform.architecture}"
    else if mode == "out" then
      {
        inherit platform;
        image = toStorePath builder field image;
      }
    else if mode != "drv" then
      refuse builder "${field}.mode" mode ''"out" or "drv" (the registry builds it)''
    else if isAttrs image && isString (image.drvPath or null) then
      # The derivation's file alone: nothing is built here.
      {
        inherit platform;
        derivation = unsafeDiscardOutputDependency image.drvPath;
        output = image.outputName or "out";
      }
    else
      refuse builder field image ''a derivation, since mode is "drv"'';
in
# attribute set -> list, as the registry reads it
platforms:
let
  names = attrNames platforms;
in
if !isAttrs platforms || platforms ? outPath || platforms == { } then
  refuse builder "platforms" platforms ''an attribute set, "linux/arm64" to an image''
else if builtins.length names > maxPlatforms then
  refuse builder "the number of platforms" (builtins.length names) "at most ${toString maxPlatforms}"
else
  map (name: checkPlatform name platforms.${name}) names
