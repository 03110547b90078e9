# Compares the architectures of images, where they state one, with the nodes that a Pod selects.
let
  inherit (builtins)
    attrNames
    concatMap
    concatStringsSep
    elem
    filter
    foldl'
    head
    isAttrs
    isList
    isString
    map
    match
    tail
    trace
    ;
  inherit (import ../../nix/platform.nix) platformOf;

  archLabel = "kubernetes.io/arch";

  # Finds the derivations among the images of containers: [ { field; image; } ].
  derivationsIn =
    field: given:
    filter (item: isAttrs item.image && item.image ? outPath) (
      if isList given then
        map (container: {
          field = "${field}.${toString (container.name or "")}.image";
          image = container.image or null;
        }) (filter isAttrs given)
      else if isAttrs given then
        map (name: {
          field = "${field}.${name}.image";
          image = given.${name}.image or null;
        }) (filter (name: isAttrs given.${name}) (attrNames given))
      else
        [ ]
    );

  # The architectures that an image of this library states. It is null for other images, which may be made on a system
  # of another architecture.
  said =
    image:
    if isString (image.architecture or null) then
      [ image.architecture ]
    else if isList (image.platforms or null) && image ? imageRef then
      map (item: item.platform.architecture) image.platforms
    else
      null;

  list = concatStringsSep ", ";

  # Refuses the first image that shares no architecture with those before it.
  agree =
    builder: items:
    foldl' (
      before: item:
      let
        both = filter (name: elem name item.architectures) before.architectures;
      in
      if both != [ ] then
        before // { architectures = both; }
      else
        throw (
          "${builder}: ${item.field} is for ${list item.architectures}, "
          + "expected ${list before.architectures} like ${before.field}, since they run on one node"
        )
    ) (head items) (tail items);

  # An image is mostly for the system that makes it, so another system is a warning.
  warnOfSystem =
    builder: wanted: item: result:
    let
      inherit (item.image) system;
      inherit (platformOf builder system) architecture;
    in
    if
      match "(x86_64|aarch64|armv[67]l|i686|riscv64|powerpc64le|s390x)-linux" (item.image.system or "")
      != null
      && architecture != wanted
    then
      trace (
        "warning: ${builder}: ${item.field} is made on ${system}, "
        + "expected one for ${wanted}, which nodeSelector asks for"
      ) result
    else
      result;
in
/**
  Returns `result`, or refuses the arguments of the Pod.
*/
builder: args: result:
let
  images = concatMap (key: derivationsIn key (args.${key} or null)) [
    "containers"
    "initContainers"
  ];
  sure = filter (item: item.architectures != null) (
    map (item: item // { architectures = said item.image; }) images
  );
  wanted = args.nodeSelector.${archLabel} or null;
  wrong = filter (item: !elem wanted item.architectures) sure;
  first = head wrong;
in
if images == [ ] then
  result
else if isString wanted && wrong != [ ] then
  throw (
    "${builder}: ${first.field} is for ${list first.architectures}, "
    + "expected one for ${wanted}, which nodeSelector asks for"
  )
else if isString wanted then
  foldl' (done: item: warnOfSystem builder wanted item done) result (
    filter (item: said item.image == null) images
  )
else if sure == [ ] then
  result
else
  builtins.seq (agree builder sure) result
