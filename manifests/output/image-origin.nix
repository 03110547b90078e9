# Finds the store paths and derivations of an object's images, from the references and their string context.
let
  inherit (builtins)
    attrNames
    concatMap
    elemAt
    filter
    genList
    getContext
    isAttrs
    isList
    isString
    length
    match
    storeDir
    unsafeDiscardStringContext
    ;

  # "nix.internal/nix/store/<hash>-<name>:<tag>" -> { base, isWhole }. isWhole: whether the reference has the name
  parseRef =
    image:
    let
      parts = match "[^/]+(/.*)?/nix/store/([0-9a-df-np-sv-z]{32})(-[^:/@]+)?:[^:/]+" image;
    in
    if parts == null then
      null
    else
      {
        base = elemAt parts 1 + (if elemAt parts 2 == null then "" else elemAt parts 2);
        isWhole = elemAt parts 2 != null;
      };

  # reference -> { store-path; derivation; }, each where it is known. The texts still have context
  originOf =
    image:
    let
      context = getContext image;
      ref = parseRef (unsafeDiscardStringContext image);
      # The one built thing in the context is the image. A reference never has more than one.
      sources = attrNames context;
      isDerivation = path: match ".*\\.drv" path != null;
      derivations = filter isDerivation sources;
      paths = filter (path: !isDerivation path) sources;
      path = "${storeDir}/${ref.base}";
    in
    if ref == null then
      { }
    else
      (
        if paths != [ ] then
          { store-path = elemAt paths 0; }
        else if ref.isWhole && !isDerivation path then
          { store-path = path; }
        else
          { }
      )
      // (if length derivations == 1 then { derivation = elemAt derivations 0; } else { });

  podSpecOf =
    object:
    if object ? spec.jobTemplate.spec.template.spec then
      {
        at = "spec.jobTemplate.spec.template.spec";
        spec = object.spec.jobTemplate.spec.template.spec;
      }
    else if object ? spec.template.spec then
      {
        at = "spec.template.spec";
        spec = object.spec.template.spec;
      }
    else
      {
        at = "spec";
        spec = object.spec or { };
      };

  # A custom resource may have any value under these names.
  containersIn =
    { at, spec }:
    key:
    let
      containers = spec.${key} or null;
    in
    if !isList containers then
      [ ]
    else
      genList (index: {
        field = "${at}.${key}[${toString index}].image";
        container = elemAt containers index;
      }) (length containers);
in
/**
  Returns the images of an object: [ { container; field; image; origin; } ].
*/
object:
let
  podSpec = podSpecOf object;
in
concatMap
  (
    { field, container }:
    if isString (container.image or null) && isString (container.name or null) then
      [
        {
          inherit field;
          inherit (container) image;
          container = container.name;
          origin = originOf container.image;
        }
      ]
    else
      [ ]
  )
  (
    if isAttrs podSpec.spec then
      concatMap (containersIn podSpec) [
        "initContainers"
        "containers"
      ]
    else
      [ ]
  )
