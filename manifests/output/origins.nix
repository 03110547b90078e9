# Annotations that say where the images of an object come from, for people and for tools that read manifests:
# `nix.internal/<container>.store-path` and `nix.internal/<container>.derivation`.
#
# They are read off the references and their string context when objects are written, so that they are right whatever was
# changed before. They are text and no more: a derivation's context would make `nix copy` take all that built it. They
# belong to the object and never to a Pod template: a derivation may change where its output doesn't, and a template
# that changes is a rollout.
let
  inherit (builtins)
    attrNames
    elemAt
    filter
    foldl'
    getContext
    isString
    length
    listToAttrs
    match
    storeDir
    stringLength
    unsafeDiscardStringContext
    ;

  # Of the part of an annotation's name behind the slash (apimachinery, qualifiedNameMaxLength).
  maxLength = 63;

  # "nix.internal/nix/store/<hash>-<name>:<tag>" -> { hash, rest = "-<name>" or "" }
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

  originOf =
    image:
    let
      context = getContext image;
      ref = parseRef (unsafeDiscardStringContext image);
      # One thing that is built is the image; a reference never has more in it.
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

  podSpecOf = object: object.spec.jobTemplate.spec.template.spec or object.spec.template.spec or object.spec or { };

  containersOf =
    object:
    let
      spec = podSpecOf object;
    in
    (spec.initContainers or [ ]) ++ (spec.containers or [ ]);

  annotationsOf =
    object:
    foldl' (
      all: container:
      let
        origin = originOf container.image;
        fits = fact: stringLength "${container.name}.${fact}" <= maxLength;
      in
      all
      // listToAttrs (
        map (fact: {
          name = "nix.internal/${container.name}.${fact}";
          value = unsafeDiscardStringContext origin.${fact};
        }) (filter fits (attrNames origin))
      )
    ) { } (filter (container: isString (container.image or null) && isString (container.name or null)) (containersOf object));
in
# object -> the same, with these annotations beside its own
object:
let
  annotations = annotationsOf object;
in
if annotations == { } then
  object
else
  object
  // {
    metadata = object.metadata // {
      annotations = annotations // object.metadata.annotations or { };
    };
  }
