# A pushless image: one small JSON file that says what the image is made of. Its references are the image's content, so
# building it copies nothing, `nix copy` of it copies the image, and a registry plans the layers from its closure.
#
# The file is the image's identity: everything that decides its bytes is written out, `maxLayers` too. All arguments
# are checked before the derivation exists, so nothing that can't work is ever built.
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
    checkString
    ;
  imageBase = import ./image-base.nix;
  imageConfig = import ./image-config.nix;
  imageFiles = import ./image-files.nix;
  imagePlatforms = import ./image-platforms.nix;
  imageUsers = import ./image-users.nix;
  imageRef = import ./image-ref.nix;
  jsonFile = import ./json-file.nix;

  builder = "image";

  # What is said, checked; nothing where it isn't.
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
      # ?; } uid and gid are numbers, or names of `users` and `groups`; root's where none are said, and the user's group
      files ? { },
      # attribute set: absolute path -> { mode ? "0755"; uid ?; gid ?; }
      directories ? { },
      # attribute set: absolute path -> target of a symbolic link
      links ? { },
      # list of derivations, paths of this machine and { source; to ? "/"; fileMode ?; directoryMode ? "0755"; uid ?;
      # gid ?; }: trees that are copied below /, where what is in `contents` is linked
      extraDirectories ? [ ],
      # attribute set: name -> { uid; gid ? uid; groups ? [ ]; home ? "/home/<name>"; createHome ? true; shell ?
      # "/bin/sh"; description ? ""; }; makes /etc/passwd, /etc/group, /etc/shadow and the homes. root and nobody are
      # always there
      users ? { },
      # attribute set: name -> { gid; }; a user's own group needn't be said
      groups ? { },
      # an image to build upon, of any kind that the registry serves: its layers below, its config where nothing is said
      # (src/source/inheritance.ts), its files instead of /etc/passwd and the like. Of an image for several platforms it
      # is the one for this image's own
      fromImage ? null,
      # which of the images in `fromImage`, where that has several
      fromImageTag ? null,
      # list of lists of derivations and store paths, bottom first: each list's closure is a layer, without what is in a
      # layer below. What none of them has is planned as without `layers`
      layers ? [ ],
      # the most layers that the image's store paths are spread over, `layers` among them
      maxLayers ? 60,
      # whether the image has a Nix database that knows its store paths, for images that run Nix
      nixDatabase ? false,
      # time in RFC 3339 that the image says it was made at; default: one second after 1970, so that it never changes
      created ? null,
      # who made it, as a person reads it
      author ? null,
      # attribute set: "linux/arm64" -> an image, or { image; mode ? "out"; } as in `imageRef`. With it there is nothing
      # else to say but `name` and `system`
      platforms ? null,
      # OCI name of the architecture; default: that of `system`, or of what `contents` were compiled for
      architecture ? null,
      # Nix system; default: that of the first derivation in `contents`
      system ? null,
      ...
    }@args:
    let
      systems = systemsOf (contents' ++ (if fromImage == null then [ ] else [ fromImage ]));
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
      // (if layers == [ ] then { } else { layers = checkLayers (checkMaxLayers maxLayers) layers; })
      // (
        if !isBool nixDatabase then
          refuse builder "nixDatabase" nixDatabase "true or false"
        else if nixDatabase then
          { inherit nixDatabase; }
        else
          { }
      );

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
