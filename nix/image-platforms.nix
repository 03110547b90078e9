/**
  Returns an image for several platforms: a file that names one image for each. The registry serves it as an OCI
  index.
*/
let
  inherit (builtins)
    attrNames
    elemAt
    head
    isAttrs
    isString
    length
    map
    match
    toJSON
    unsafeDiscardOutputDependency
    ;
  repeated = import ./repeated.nix;
  isPlainSet = import ./is-plain-set.nix;
  inherit (import ./refuse.nix) refuse onlyKnown;
  inherit (import ./store-path.nix) toStorePath;
  inherit (import ./platform.nix) isArchitecture architectureNames;

  builder = "image";
  defaultVariants = {
    arm64 = "v8";
    arm = "v7";
  };
  # The limit of the registry. It is more than any image has, and few enough to read each image.
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
      isImage = !isPlainSet given;
      choice =
        if isImage then
          { image = given; }
        else
          onlyKnown builder field [
            "image"
            "mode"
          ] given;
      image = choice.image or (throw "${builder}: ${field}.image is missing");
      mode = choice.mode or "out";
      # An image of this library states its platform. The registry checks other images when it serves them.
      said = if isAttrs image then image.architecture or null else null;
      variant = if isAttrs image then image.variant or null else null;
      platform' =
        if variant == null || platform ? variant then platform else platform // { inherit variant; };
    in
    if said != null && said != platform.architecture then
      throw "${builder}: ${field} is an image for ${toJSON said}, expected one for ${toJSON platform.architecture}"
    else if variant != null && platform'.variant != variant then
      throw (
        "${builder}: ${field} is an image for ${toJSON "${said}/${variant}"}, "
        + "expected one for ${toJSON "${platform.architecture}/${platform'.variant}"}"
      )
    else if mode == "out" then
      {
        platform = platform';
        image = toStorePath builder field image;
      }
    else if mode != "drv" then
      refuse builder "${field}.mode" mode ''"out" or "drv" (the registry builds it)''
    else if isAttrs image && isString (image.drvPath or null) then
      # Only the file of the derivation is referred to, so nothing is built here.
      {
        platform = platform';
        derivation = unsafeDiscardOutputDependency image.drvPath;
        output = image.outputName or "out";
      }
    else
      refuse builder field image ''a derivation, since mode is "drv"'';
in
/**
  Converts the attribute set `platforms` to the list that the registry reads.
*/
platforms:
let
  names = attrNames platforms;
  list = map (name: checkPlatform name platforms.${name}) names;
  # Platforms as clients compare them: arm64 alone means arm64/v8 (containerd, platforms/database.go).
  keys = map (
    { platform, ... }:
    "linux/${platform.architecture}/"
    + (platform.variant or defaultVariants.${platform.architecture} or "")
  ) list;
  twice = repeated keys;
in
if !isPlainSet platforms || platforms == { } then
  refuse builder "platforms" platforms ''an attribute set, "linux/arm64" to an image''
else if length names > maxPlatforms then
  refuse builder "the number of platforms" (length names) "at most ${toString maxPlatforms}"
else if twice != [ ] then
  throw "${builder}: platforms names ${head twice} twice, expected each platform once"
else
  list
