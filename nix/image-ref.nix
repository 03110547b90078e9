# The reference under which a registry serves a store path. No other file spells it.
#
# It isn't `"nix.internal/${image}"`: that has an empty path component ("nix.internal//nix/store/..."), which kubelet,
# containerd and podman refuse. The tag is `nix`. A reference without a tag means `latest`, and Kubernetes requests
# `latest` again at every start of a container.
let
  inherit (builtins)
    attrNames
    baseNameOf
    functionArgs
    isAttrs
    isString
    match
    stringLength
    substring
    unsafeDiscardOutputDependency
    ;
  inherit (import ./refuse.nix) refuse onlyKnown;
  inherit (import ./store-path.nix) parse toStorePath;
  inherit (import ./oci-name.nix) isComponent;

  # The limit of host and path together, without the tag (see oci-name.nix).
  maxLength = 255;

  # A registry's name has a dot or a port, or is localhost. Clients read any other first component as a path on Docker
  # Hub.
  isRegistry =
    text:
    isString text
    && stringLength text <= maxLength
    && (
      let
        parts = match "([a-zA-Z0-9]+([.-][a-zA-Z0-9]+)*)(:[0-9]{1,5})?((/[a-z0-9]+((\\.|_|__|-+)[a-z0-9]+)*)*)" text;
        host = builtins.elemAt parts 0;
        port = builtins.elemAt parts 2;
      in
      parts != null && (port != null || host == "localhost" || match ".*\\..*" host != null)
    );

  # The tag of the default output, by the format of its layers.
  tags = {
    tar = "nix";
    erofs = "erofs";
  };

  # The tag of another output is its name, so it has no other format.
  outputTag =
    defaultTag: image:
    if defaultTag == tags.tar then
      image.outputName
    else
      refuse "imageRef" "image" image ''the output "out", since mode is "drv" and layers is not "tar"'';

  # The path that the reference names, and its tag: the output, or the derivation that the registry builds. A
  # derivation becomes an input by its file alone. So nothing is built here, and `nix copy --derivation` copies all
  # that the registry needs.
  target =
    mode: defaultTag: image:
    if mode == "out" then
      {
        path = toStorePath "imageRef" "image" image;
        tag = defaultTag;
      }
    else if mode != "drv" then
      refuse "imageRef" "mode" mode
        ''"out" (what is pulled was built here, or is in a cache) or "drv" (the registry builds it)''
    else if isAttrs image && isString (image.drvPath or null) then
      {
        path = image.drvPath;
        tag = if (image.outputName or "out") == "out" then defaultTag else outputTag defaultTag image;
      }
    else
      refuse "imageRef" "image" image ''a derivation, since mode is "drv"'';

  /**
    Returns the reference of an image. It keeps the string context, so whatever contains the reference depends on the
    image.

    # Example

        imageRef { image = greeter; } => "nix.internal/nix/store/<hash>-greeter:nix"
  */
  imageRef =
    {
      # the image: a pushless image, any other derivation, or a store path
      image,
      # the registry: a host, with its port if any; a path may follow
      registry ? "nix.internal",
      # "out" refers to the output, which is built together with what contains the reference. "drv" refers to the
      # derivation, which the registry builds
      mode ? "out",
      # "tar" is for every node, and a node that mounts EROFS gets EROFS all the same if its hosts.toml asks for it.
      # "erofs" demands it: containerd 2.3 or later with the erofs snapshotter
      layers ? "tar",
      ...
    }@args:
    let
      defaultTag =
        if isString layers && tags ? ${layers} then
          tags.${layers}
        else
          refuse "imageRef" "layers" layers ''"tar" or "erofs"'';
      inherit (target mode defaultTag image) path tag;
      inherit (parse path) hash name;
      # The path of a derivation file would otherwise bring the outputs of its whole build graph into the context.
      shallow = if match ".*\\.drv" name != null then unsafeDiscardOutputDependency path else path;
      base = baseNameOf shallow;
      # The path is always nix/store, also on a machine whose store directory is another.
      repository =
        if isRegistry registry then
          "${registry}/nix/store"
        else
          refuse "imageRef" "registry" registry
            ''a host with a dot or a port, such as "nix.internal" or "localhost:5000"'';
      legal = isComponent name && stringLength "${repository}/${hash}-${name}" <= maxLength;
    in
    builtins.seq (onlyKnown "imageRef" "argument" (attrNames (functionArgs imageRef)) args) (
      # A name that no reference can hold is left out: the hash alone identifies the path.
      "${repository}/${if legal then base else substring 0 (stringLength hash) base}:${tag}"
    );
in
imageRef
