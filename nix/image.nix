/**
  A pushless image is one small JSON file that lists what the image is made of. The references of the file are the
  content of the image. So building it copies nothing, `nix copy` of it copies the image, and a registry plans the
  layers from its closure.

  The file is the identity of the image, so it states everything that decides its bytes, `maxLayers` too. All
  arguments are checked before the derivation exists, so an image that can't work is never built.
*/
let
  inherit (builtins)
    attrNames
    functionArgs
    head
    isBool
    isList
    isString
    removeAttrs
    seq
    stringLength
    substring
    ;
  orElse = import ./or-else.nix;
  inherit (import ./refuse.nix) refuse onlyKnown;
  inherit (import ./platform.nix)
    systemsOf
    currentSystem
    platformOf
    platformNamed
    ;
  inherit (import ./image-check.nix)
    checkContents
    checkCreated
    checkLayers
    checkMaxLayers
    checkName
    checkPlanner
    checkString
    ;
  imageBase = import ./image-base.nix;
  imageConfig = import ./image-config.nix;
  imageFiles = import ./image-files.nix;
  imagePlatforms = import ./image-platforms.nix;
  imageUsers = import ./image-users.nix;
  imageRef = import ./image-ref.nix;
  jsonFile = import ./json-file.nix;
  packageMetadata = import ./package-metadata.nix;

  builder = "image";

  # A field with its checked value. It is absent where the argument is null.
  optional =
    key: value: check:
    if value == null then { } else { ${key} = check value; };

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
      # attribute set: absolute path -> string, { text; mode ? "0444"; uid ?; gid ?; } or { source; mode ?; uid ?; gid
      # ?; }. `uid` and `gid` are numbers, or names of `users` and `groups`. The default is root, and the group of the
      # user
      files ? { },
      # attribute set: absolute path -> { mode ? "0755"; uid ?; gid ?; }
      directories ? { },
      # attribute set: absolute path -> target of a symbolic link
      links ? { },
      # list of trees that are copied below /, while `contents` is linked there: derivations, paths of this machine
      # and { source; to ? "/"; fileMode ?; directoryMode ? "0755"; uid ?; gid ?; }
      extraDirectories ? [ ],
      # attribute set: name -> { uid; gid ? uid; groups ? [ ]; home ? "/home/<name>"; createHome ? true; shell ?
      # "/bin/sh"; description ? ""; }. It makes /etc/passwd, /etc/group, /etc/shadow and the homes. root and nobody
      # are always there
      users ? { },
      # attribute set: name -> { gid; }. Each user has a group of its own without an entry here
      groups ? { },
      # an image to build upon, of any kind that the registry serves. Its layers come first. Its config applies where
      # this image has none (src/source/inheritance.ts), and its files replace /etc/passwd and the like. If it has
      # several platforms, the image for this image's platform is used
      fromImage ? null,
      # tag of the image to use, where `fromImage` has several
      fromImageTag ? null,
      # list of lists of derivations and store paths, bottom first. The closure of each list is a layer, without the
      # paths of the layers below. All other paths are planned as without `layers`
      layers ? [ ],
      # greatest number of layers for the image's store paths, including `layers`
      maxLayers ? 60,
      # 1 or 2: how store paths are divided into layers. With 1 the image's file and its digests are those of images
      # that were built before there was a second planner
      planner ? 2,
      # whether the image has a Nix database with its store paths, for images that run Nix
      nixDatabase ? false,
      # whether a file with licences, homepages and identifiers of the packages is taken along, for the image's SBOM. It
      # isn't in the image's layers. A list of derivations: of these packages, too
      metadata ? true,
      # creation time of the image, in RFC 3339. The default is one second after 1970, so that the image never changes
      created ? null,
      # name of the author, as text for people
      author ? null,
      # attribute set: "linux/arm64" -> an image, or { image; mode ? "out"; } as in `imageRef`. Beside it only `name`
      # and `system` may be given
      platforms ? null,
      # OCI name of the architecture. The default is that of `system`, or the one that `contents` were compiled for
      architecture ? null,
      # Nix system. The default is that of the first derivation in `contents`
      system ? null,
      ...
    }@args:
    let
      systems = systemsOf (contents' ++ (if fromImage == null then [ ] else [ fromImage ]));
      contents' = if isList contents then contents else [ ];
      layers' = if isList layers then layers else [ ];
      # The system that writes the file. It isn't simply the current system: an image would then have one identity for
      # each kind of machine that builds it.
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

      accounts = imageUsers { inherit users groups; };

      checkConfig =
        checked: if checked ? User then checked // { User = accounts.checkUser checked.User; } else checked;

      single = {
        pushless = 1;
        name = checkName name;
        os = "linux";
        config = checkConfig (imageConfig {
          hasBase = fromImage != null;
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
        });
        contents = checkContents contents;
        maxLayers = checkMaxLayers maxLayers;
      }
      // imageFiles {
        inherit
          files
          directories
          links
          extraDirectories
          accounts
          ;
      }
      // platform
      // optional "created" created checkCreated
      // optional "author" author (checkString "author")
      // optional "fromImage" fromImage (imageBase platform)
      // optional "fromImageTag" fromImageTag (
        tag:
        if fromImage == null then
          throw "${builder}: fromImageTag is given, and fromImage is not"
        else
          checkString "fromImageTag" tag
      )
      // (if checkPlanner planner == 1 then { } else { inherit planner; })
      // (if layers == [ ] then { } else { layers = checkLayers (checkMaxLayers maxLayers) layers; })
      // (
        if !isBool nixDatabase then
          refuse builder "nixDatabase" nixDatabase "true or false"
        else if nixDatabase then
          { inherit nixDatabase; }
        else
          { }
      )
      # Last, since evaluation of metadata is slow, and mistakes shall be told before.
      // (
        if known == { } then
          { }
        else
          {
            metadata = jsonFile {
              name = "${name}-metadata.json";
              system = buildSystem;
              value = {
                pushlessMetadata = 1;
                packages = known;
              };
            };
          }
      );

      packages =
        if isBool metadata then
          [ ]
        else if isList metadata then
          metadata
        else
          refuse builder "metadata" metadata "true, false, or a list of derivations";
      known = if metadata == false then { } else packageMetadata (contents' ++ layers' ++ packages);

      superfluous = attrNames (
        removeAttrs args [
          "name"
          "system"
          "platforms"
        ]
      );
      several = {
        pushless = 1;
        name = checkName name;
        platforms =
          if superfluous != [ ] then
            throw "${builder}: ${head superfluous} is given beside platforms, expected in the images that these name"
          else
            imagePlatforms platforms;
      };

      value = if platforms == null then single else several;

      # Evaluating the path evaluates `value` as a whole, and so every check.
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
        # The reference in two parts, for tools that expect nixpkgs' dockerTools.
        imageName = substring 0 (stringLength reference - stringLength ":nix") reference;
        imageTag = "nix";
      }
      // (
        if platforms == null then
          {
            inherit (value)
              config
              architecture
              os
              maxLayers
              ;
          }
          // (if value ? variant then { inherit (value) variant; } else { })
        else
          { inherit (value) platforms; }
      )
    );
in
image
