# Changes an object that somebody else made. Objects are plain values, so nothing can be overridden in place: the
# result is a new object.
settings:
let
  inherit (builtins)
    attrNames
    concatMap
    concatStringsSep
    elem
    elemAt
    filter
    foldl'
    genList
    head
    isAttrs
    isFunction
    isList
    isString
    length
    listToAttrs
    map
    removeAttrs
    split
    tail
    toJSON
    ;
  isPlainSet = import ../../nix/is-plain-set.nix;
  inherit (import ../../nix/refuse.nix) refuse;
  inherit (import ../pods/image.nix settings) isOurs toImage;
  environment = import ../../nix/environment.nix;

  # The field by which Kubernetes tells the items of a list apart (`patchMergeKey` in its schemas). A list has the
  # same field at every place, except for the ports of a container, which have no `port`.
  mergeKeys = {
    containers = "name";
    initContainers = "name";
    ephemeralContainers = "name";
    env = "name";
    volumes = "name";
    imagePullSecrets = "name";
    volumeMounts = "mountPath";
    volumeDevices = "devicePath";
    volumeClaimTemplates = "name";
    # of containers and of Services; only a set is merged
    ports = "name";
    topologySpreadConstraints = "topologyKey";
    hostAliases = "ip";
  };

  # Merges items by their names, in the order of `old`. New items come last.
  mergeList =
    own: field: key: old: new:
    let
      nameOf =
        item:
        if isPlainSet item && item ? ${key} then
          item.${key}
        else
          refuse "extend" "an item of ${field}" item "an attribute set with `${key}` in it";
      patches = listToAttrs (
        map (item: {
          name = nameOf item;
          value = item;
        }) new
      );
      # A port may have no name.
      known = map (item: item.${key} or null) old;
      isGone = patch: patch.${"$patch"} or null == "delete";
      merge =
        item:
        let
          name = item.${key} or null;
          patch = patches.${name};
        in
        if name == null || !(patches ? ${name}) then
          [ item ]
        else if isGone patch then
          [ ]
        else
          [ (mergeSets own item patch) ];
    in
    concatMap merge old
    ++ map (clean own "") (filter (item: !elem (nameOf item) known && !isGone item) new);

  # { web.image = x; old = null; } -> [ { name = "web"; image = x; } { name = "old"; "$patch" = "delete"; } ]
  toItems =
    field: key: set:
    map (name: toItem field name set.${name} // { ${key} = name; }) (attrNames set);

  # Converts an item as the builders do: the value of a variable, the volume of a mount.
  toItem =
    field: name: value:
    if value == null then
      { "$patch" = "delete"; }
    else if isPlainSet value then
      value
    else if field == "env" then
      { value = environment.toValue "extend" "env.${name}" value; }
    else if field == "volumeMounts" && isString value then
      { name = value; }
    else
      refuse "extend" "${field}.${name}" value "an attribute set";

  # In an object of another API, a set with the name of such a list may stay a set.
  mergeValue =
    own: name: old: new:
    let
      key = if own || isList old then mergeKeys.${name} or null else null;
    in
    if isPlainSet old && isPlainSet new then
      mergeSets own old new
    else if key != null && isPlainSet new then
      mergeList own name key (if isList old then old else [ ]) (toItems name key new)
    # The ports of a list may have no names, so such a list replaces the other.
    else if key != null && name != "ports" && isList old && isList new then
      mergeList own name key old new
    else
      clean own name new;

  # Prepares a value: it removes null, converts images to references, and converts sets by name to lists.
  clean =
    own: name: value:
    if name == "image" && isOurs value then
      toImage "extend" "image" value
    else if isPlainSet value then
      mergeSets own { } value
    else if isList value then
      map (clean own "") value
    else
      value;

  mergeSets =
    own: old: patch:
    let
      removed = filter (key: patch.${key} == null) (attrNames patch);
      kept = removeAttrs patch removed;
    in
    removeAttrs old removed
    // builtins.mapAttrs (key: new: mergeValue own key (old.${key} or null) new) kept;

  # Tells whether the object's API has a list at every field with the name of a list.
  isOwn =
    object:
    elem (object.apiVersion or null) [
      "v1"
      "apps/v1"
      "batch/v1"
    ];

  # Splits a path: "spec.template.spec.containers.web.image" -> [ "spec" ... ]. A name with dots stands in quotes:
  # metadata.labels."a.b/c"
  toSteps =
    text:
    let
      pieces = filter (piece: piece != "" && piece != ".") (
        map (piece: if isList piece then { quoted = elemAt piece 0; } else piece) (
          split "\"([^\"]*)\"" text
        )
      );
    in
    concatMap (
      piece:
      if isString piece then
        filter (step: isString step && step != "") (split "\\." piece)
      else
        [ piece.quoted ]
    ) pieces;

  last = list: elemAt list (length list - 1);

  # Sets one field of a value, which must exist, by a function of its old value.
  setAt =
    path: value: done: steps: toNew:
    let
      step = head steps;
      here = done ++ [ step ];
      key = mergeKeys.${if done == [ ] then "" else last done} or "name";
      found = filter (
        index: isAttrs (elemAt value index) && (elemAt value index).${key} or null == step
      ) (genList (index: index) (length value));
      there =
        if isAttrs value then
          concatStringsSep ", " (attrNames value)
        else
          concatStringsSep ", " (map (item: toString (item.${key} or "?")) value);
    in
    if steps == [ ] then
      toNew value
    else if isPlainSet value && value ? ${step} then
      (
        let
          new = setAt path value.${step} here (tail steps) toNew;
        in
        if new == null then removeAttrs value [ step ] else value // { ${step} = new; }
      )
    else if isList value && found != [ ] then
      concatMap (
        index:
        let
          item = elemAt value index;
          new = setAt path item here (tail steps) toNew;
        in
        if index != head found then
          [ item ]
        else if new == null then
          [ ]
        else
          [ (toItem (last done) step new // { ${key} = step; }) ]
      ) (genList (index: index) (length value))
    else if isPlainSet value || isList value then
      throw "override: ${path} isn't there: no ${toJSON step}, there are: ${there}"
    else
      refuse "override" "${concatStringsSep "." done} in ${path}" value
        "something with ${toJSON step} in it";
in
{
  /**
    Returns an object with a patch. Sets are merged, lists by name are merged by name, and null removes a field.

    # Type

        extend :: object -> (patch | (object -> patch)) -> object
  */
  extend =
    object: patch:
    if !isPlainSet object then
      refuse "extend" "the object" object "a Kubernetes object"
    else if isFunction patch then
      mergeSets (isOwn object) object (patch object)
    else if isPlainSet patch then
      mergeSets (isOwn object) object patch
    else
      refuse "extend" "the patch" patch "an attribute set, or a function from the object to one";

  /**
    Returns an object with other values at some paths. A path must exist; null removes it.

    # Type

        override :: object -> { path = value | (value -> value); } -> object
  */
  override =
    object: changes:
    if !isPlainSet object then
      refuse "override" "the object" object "a Kubernetes object"
    else if !isPlainSet changes then
      refuse "override" "the changes" changes
        ''an attribute set, path to value, such as { "spec.replicas" = 3; }''
    else
      foldl' (
        result: path:
        setAt path result [ ] (toSteps path) (
          old:
          clean (isOwn object) (last (toSteps path)) (
            if isFunction changes.${path} then changes.${path} old else changes.${path}
          )
        )
      ) object (attrNames changes);
}
