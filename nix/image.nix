# A pushless image: one small JSON file that says what the image is made of. Its references are the image's content, so
# building it copies nothing, `nix copy` of it copies the image, and a registry plans the layers from its closure.
#
# The file is the image's identity: everything that decides its bytes is written out, `maxLayers` too. All arguments
# are checked before the derivation exists, so nothing that can't work is ever built.
let
  inherit (builtins)
    attrNames
    functionArgs
    isInt
    isList
    isString
    seq
    stringLength
    substring
    ;
  inherit (import ./refuse.nix) refuse onlyKnown;
  inherit (import ./store-path.nix) toStorePath;
  inherit (import ./platform.nix)
    systemsOf
    currentSystem
    platformOf
    platformNamed
    ;
  ociName = import ./oci-name.nix;
  imageConfig = import ./image-config.nix;
  imageFiles = import ./image-files.nix;
  imageRef = import ./image-ref.nix;
  jsonFile = import ./json-file.nix;

  builder = "image";

  # Docker's overlay2 stops at 125 layers; the registry adds one of its own, and users build on top.
  maxLayersLimit = 120;

  orElse = default: value: if value == null then default else value;

  checkName =
    name:
    if ociName.isImageName name then
      name
    else
      refuse builder "name" name (
        "a name that an image reference can hold, at most ${toString ociName.maxLength} of a-z 0-9 with single . _ __ or any - between them"
        + (if isString name then ", such as \"${ociName.suggest name}\"" else "")
      );

  checkMaxLayers =
    count:
    if isInt count && count >= 1 && count <= maxLayersLimit then
      count
    else
      refuse builder "maxLayers" count "a whole number from 1 to ${toString maxLayersLimit}";

  checkContents =
    contents:
    if isList contents then
      map (toStorePath builder "an item of contents") contents
    else
      refuse builder "contents" contents "a list of derivations and store paths";

  image =
    {
      # name of the image and of its file in the store
      name ? throw "${builder}: name is missing",
      # derivations or store paths; what is in them is linked into /
      contents ? [ ],
      # attribute set in OCI spelling, for what has no argument of its own
      config ? { },
      # list of strings: the program and its first arguments
      entrypoint ? null,
      # list of strings: the arguments that a caller may replace
      cmd ? null,
      # attribute set: variable name -> string, number, boolean, path or derivation
      env ? { },
      # name or number of the user, and of the group after a `:`
      user ? null,
      # absolute path
      workingDir ? null,
      # list of ports: 8080 or "53/udp"
      ports ? [ ],
      # attribute set of strings
      labels ? { },
      # "SIGTERM" or a number
      stopSignal ? null,
      # list of absolute paths
      volumes ? [ ],
      # attribute set: absolute path -> string, { text; mode ? "0444"; } or { source; mode ?; }
      files ? { },
      # attribute set: absolute path -> target of a symbolic link
      links ? { },
      # the most layers that the image's store paths are spread over
      maxLayers ? 60,
      # OCI name of the architecture; default: that of `system`, or of what `contents` were compiled for
      architecture ? null,
      # Nix system; default: that of the first derivation in `contents`
      system ? null,
      ...
    }@args:
    let
      systems = systemsOf contents';
      contents' = if isList contents then contents else [ ];
      # Writes the file. Not simply the current system, or one image had as many identities as machines to build it.
      buildSystem = orElse (orElse (orElse unknownSystem currentSystem) systems.build) given;
      hostSystem = orElse (orElse buildSystem systems.host) given;
      given =
        if system == null || isString system then
          system
        else
          refuse builder "system" system ''a Nix system, such as "x86_64-linux"'';
      unknownSystem = throw "${builder}: system is missing, and neither contents nor pure evaluation says it";

      platform =
        if architecture == null then
          platformOf builder hostSystem
        else
          platformNamed builder hostSystem architecture;

      value = {
        pushless = 1;
        name = checkName name;
        os = "linux";
        config = imageConfig {
          inherit
            config
            entrypoint
            cmd
            env
            user
            workingDir
            ports
            labels
            stopSignal
            volumes
            ;
        };
        contents = checkContents contents;
        inherit (imageFiles { inherit files links; }) files links;
        maxLayers = checkMaxLayers maxLayers;
      }
      // platform;

      # Forcing its path forces `value` as a whole, and so every check.
      file = jsonFile {
        name = value.name;
        system = buildSystem;
        inherit value;
      };
      reference = imageRef { image = file; };
    in
    seq (onlyKnown builder "argument" (attrNames (functionArgs image)) args) (
      file
      // {
        imageRef = reference;
        # The same in two parts, as tools that know nixpkgs' dockerTools ask for it.
        imageName = substring 0 (stringLength reference - stringLength ":nix") reference;
        imageTag = "nix";
        inherit (value)
          config
          architecture
          os
          maxLayers
          ;
      }
    );
in
image
