/**
  Returns the environment variables of a container from { A = 1; B = { secret = "db"; key = "password"; }; }, or from
  Kubernetes' list.

  A value may refer to another variable, `$(HOST)`, but only to one before it: otherwise kubelet leaves the text as it
  is. So the variables of a set are sorted by name, except for those that others refer to.
*/
let
  inherit (builtins)
    attrNames
    concatMap
    concatStringsSep
    elem
    filter
    foldl'
    intersectAttrs
    isAttrs
    isList
    isString
    map
    match
    removeAttrs
    split
    stringLength
    trace
    ;
  isPlainSet = import ../../nix/is-plain-set.nix;
  inherit (import ../../nix/refuse.nix) refuse;
  inherit (import ../objects/named-list.nix) namedList;
  environment = import ../../nix/environment.nix;
  nameOf = import ../objects/reference.nix;

  # Everybody on the machine can read manifests in the Nix store, and more people can read them in git and in the API
  # server.
  isSecretName =
    name:
    match ".*(PASSWORD|PASSWD|SECRET|TOKEN|CREDENTIALS|API_?KEY|ACCESS_?KEY|PRIVATE_?KEY)" name != null;

  # The limit for regular expressions here: the library behind `match` recurses for each character.
  isShort = text: stringLength text <= 4096;

  # "postgres://web:geheim@db/web", but not "postgres://web:$(PASSWORD)@db/web".
  isSecretText = text: isShort text && match ".*://[^/@:]*:[^/@$][^/@]*@.*" text != null;

  toText =
    builder: field: name: value:
    let
      text = environment.toValue builder field value;
    in
    if (isSecretName name && text != "") || isSecretText text then
      trace (
        "warning: ${builder}: ${field} is in plain text, "
        + "expected { secret = \"<Secret>\"; key = \"...\"; }, if it is a secret"
      ) text
    else
      text;

  # The sources of a value, in this library's words and in Kubernetes'.
  sources = {
    secret = {
      kind = "Secret";
      field = "secretKeyRef";
    };
    configMap = {
      kind = "ConfigMap";
      field = "configMapKeyRef";
    };
  };

  toReference =
    builder: field: name: word: value:
    let
      source = sources.${word};
      key = value.key or name;
      object = value.${word};
      keys = attrNames (object.data or { } // object.stringData or { } // object.binaryData or { });
      unknown = attrNames (
        removeAttrs value [
          word
          "key"
          "name"
          "optional"
        ]
      );
    in
    if unknown != [ ] then
      throw "${builder}: ${field} has ${concatStringsSep ", " unknown} beside ${word}, expected key and optional only"
    else if isAttrs object && object ? kind && !elem key keys then
      refuse builder "${field}.key" key
        "a key of ${source.kind} ${object.metadata.name or ""}, there are: ${concatStringsSep ", " keys}"
    else
      {
        valueFrom.${source.field} = {
          name = nameOf source.kind builder "${field}.${word}" object;
          inherit key;
        }
        // (if value ? optional then { inherit (value) optional; } else { });
      };

  toVariable =
    parent: builder: field: name: value:
    let
      words = filter (word: value ? ${word}) (attrNames sources);
    in
    (
      if !isPlainSet value then
        { value = toText builder field name value; }
      else if words != [ ] then
        toReference builder field name (builtins.head words) value
      else if value ? field then
        { valueFrom.fieldRef.fieldPath = value.field; }
      else if value ? valueFrom then
        value
      else if value ? value then
        value // { value = toText builder field name value.value; }
      else if attrNames value == [ "name" ] then
        value
      else
        refuse builder field value (
          "a value, { secret = \"...\"; key = \"...\"; }, { configMap = \"...\"; key = \"...\"; }, "
          + "{ field = \"status.podIP\"; } or Kubernetes' { valueFrom = ...; }"
        )
    )
    // {
      name = environment.checkName builder parent name;
    };

  # "http://$(HOST):$(PORT)" -> [ "HOST" "PORT" ]
  namesIn =
    item:
    if isString (item.value or null) && isShort item.value && match ".*\\$\\(.*" item.value != null then
      concatMap (part: if isList part then part else [ ]) (split "\\$\\(([^)]*)\\)" item.value)
    else
      [ ];

  # Sorts each item behind those that it refers to. Among items that refer to each other, the first stays first.
  ordered =
    items:
    let
      byName = builtins.listToAttrs (
        map (item: {
          inherit (item) name;
          value = item;
        }) items
      );
      visit =
        done: item:
        if done.seen ? ${item.name} then
          done
        else
          let
            needed = map (name: byName.${name}) (attrNames (intersectAttrs (setOf (namesIn item)) byName));
            before = foldl' visit (
              done
              // {
                seen = done.seen // {
                  ${item.name} = null;
                };
              }
            ) needed;
          in
          before // { items = before.items ++ [ item ]; };
      setOf =
        names:
        builtins.listToAttrs (
          map (name: {
            inherit name;
            value = null;
          }) names
        );
    in
    if filter (item: namesIn item != [ ]) items == [ ] then
      items
    else
      (foldl' visit {
        seen = { };
        items = [ ];
      } items).items;

in
builder: field: env:
let
  items = namedList { toItem = toVariable field; } builder field env;
in
if isList env then items else ordered items
