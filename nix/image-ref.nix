# The reference under which a registry serves a store path: the only place that spells it.
#
# Not `"nix.internal/${image}"`: that has an empty path component ("nix.internal//nix/store/..."), which kubelet,
# containerd and podman refuse. The tag is `nix`, because a reference without one means `latest`, and Kubernetes asks
# the registry for `latest` again at every start of a container.
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

  # Host and path together, without the tag (see oci-name.nix).
  maxLength = 255;

  # Without a dot, a port, or the name localhost, clients take the first component for a path on Docker Hub.
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

  # What the reference names, and under which tag: the output, or the derivation that the registry shall build. The
  # derivation's file alone becomes an input of what holds the reference, so that nothing is built here, and
  # `nix copy --derivation` takes along all that the registry needs.
  target =
    mode: image:
    if mode == "out" then
      {
        path = toStorePath "imageRef" "image" image;
        tag = "nix";
      }
    else if mode != "drv" then
      refuse "imageRef" "mode" mode
        ''"out" (what is pulled was built here, or is in a cache) or "drv" (the registry builds it)''
    else if isAttrs image && isString (image.drvPath or null) then
      {
        path = image.drvPath;
        tag = if (image.outputName or "out") == "out" then "nix" else image.outputName;
      }
    else
      refuse "imageRef" "image" image ''a derivation, since mode is "drv"'';

  # Keeps the string context, so that what holds the reference depends on the image.
  imageRef =
    {
      # what to refer to: a pushless image, any other derivation, or a store path
      image,
      # host, and port if any, of the registry; a path may follow
      registry ? "nix.internal",
      # "out": the output, built before or with what holds the reference. "drv": the derivation, built by the registry
      mode ? "out",
      ...
    }@args:
    let
      inherit (target mode image) path tag;
      inherit (parse path) hash name;
      # The path of a derivation file would draw the outputs of its whole build graph into the context.
      shallow = if match ".*\\.drv" name != null then unsafeDiscardOutputDependency path else path;
      base = baseNameOf shallow;
      # The registry names itself, not this machine's store directory: always nix/store.
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
