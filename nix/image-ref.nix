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

  # Keeps the string context, so that what holds the reference depends on the image.
  imageRef =
    {
      # what to refer to: a pushless image, any other derivation, or a store path
      image,
      # host, and port if any, of the registry; a path may follow
      registry ? "nix.internal",
      ...
    }@args:
    let
      path = toStorePath "imageRef" "image" image;
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
      "${repository}/${if legal then base else substring 0 (stringLength hash) base}:nix"
    );
in
imageRef
