/**
  Returns the containers of a Pod from an attribute set by name, or from a list. Use a list where the order counts, as
  for init containers.
*/
settings:
let
  inherit (builtins)
    attrNames
    filter
    head
    isAttrs
    isList
    isString
    length
    map
    mapAttrs
    match
    removeAttrs
    ;
  isPlainSet = import ../../nix/is-plain-set.nix;
  inherit (import ../../nix/refuse.nix) refuse;
  inherit (import ../objects/choice.nix) choice;
  inherit (import ../objects/name.nix) checkLabel;
  inherit (import ../objects/named-list.nix) namedList;
  nameOf = import ../objects/reference.nix;
  checkProbes = import ./probes.nix;
  inherit (import ./image.nix settings) toImageWith;

  strings =
    builder: field: value:
    let
      wrong = filter (item: !isString item) value;
    in
    if !isList value then
      refuse builder field value "a list of strings"
    else if wrong != [ ] then
      refuse builder "an item of ${field}" (head wrong) "a string"
    else
      value;

  # Converts the object itself, { secret = "db"; prefix = "DB_"; }, or Kubernetes' { secretRef.name = "db"; }.
  toEnvFrom =
    builder: field: sources:
    if !isList sources then
      refuse builder field sources
        "a list of ConfigMaps, Secrets, { configMap = \"...\"; } and { secret = \"...\"; }"
    else
      map (
        source:
        if !isPlainSet source then
          refuse builder "an item of ${field}" source
            "a ConfigMap, a Secret, { configMap = \"...\"; } or { secret = \"...\"; }"
        else if source.kind or null == "Secret" then
          { secretRef.name = nameOf "Secret" builder field source; }
        else if source ? kind then
          { configMapRef.name = nameOf "ConfigMap" builder field source; }
        else
          removeAttrs source [
            "secret"
            "configMap"
          ]
          // (
            if source ? secret then
              { secretRef.name = nameOf "Secret" builder "${field}.secret" source.secret; }
            else
              { }
          )
          // (
            if source ? configMap then
              { configMapRef.name = nameOf "ConfigMap" builder "${field}.configMap" source.configMap; }
            else
              { }
          )
      ) sources;

  # { "/data" = "data"; "/etc/web" = { name = "config"; readOnly = true; }; }
  toMounts = namedList {
    key = "mountPath";
    toItem =
      builder: field: path: mount:
      if match "/.*" path == null && match "[A-Za-z]:.*" path == null then
        refuse builder "a path in volumeMounts" path "an absolute path"
      else if isString mount then
        {
          mountPath = path;
          name = mount;
        }
      else if isAttrs mount && isString (mount.name or null) then
        mount // { mountPath = path; }
      else
        refuse builder field mount "the name of a volume, or an attribute set with `name` in it";
  };

  parsers = {
    command = strings;
    args = strings;
    env = import ./variables.nix;
    envFrom = toEnvFrom;
    imagePullPolicy =
      builder: field:
      choice builder field [
        "Always"
        "IfNotPresent"
        "Never"
      ];
    restartPolicy = import ./restart-policy.nix;
    ports = import ./container-ports.nix;
    volumeMounts = toMounts;
  };

  # The format of the image's layers, which isn't a field of Kubernetes.
  layersOf =
    builder: field: container:
    if container ? layers then
      {
        layers = choice builder "${field}.layers" [
          "tar"
          "erofs"
        ] container.layers;
      }
    else
      { };

  toContainer =
    where: builder: field: name: given:
    let
      # null is removed, so an argument can be passed on as it is.
      container = removeAttrs given (filter (key: given.${key} == null) (attrNames given));
    in
    if !isPlainSet given then
      refuse builder field given "an attribute set with `image` in it"
    else if !(container ? image) then
      throw "${builder}: ${field}.image is missing"
    else
      checkProbes builder where field (
        {
          # The content of a store path never changes, so a new pull at each start gains nothing.
          imagePullPolicy = "IfNotPresent";
        }
        // mapAttrs (
          key: value: if parsers ? ${key} then parsers.${key} builder "${field}.${key}" value else value
        ) (removeAttrs container [ "layers" ])
        // {
          image = toImageWith (layersOf builder field container) builder "${field}.image" container.image;
          name = checkLabel builder "a name in ${where}" name;
        }
      );
in
# builder: "containers": containers -> Kubernetes' list
builder: where: containers:
if where == "initContainers" && isAttrs containers && length (attrNames containers) > 1 then
  refuse builder where containers
    "a list where there are several, since each waits for the one before: [ { name = \"...\"; image = ...; } ]"
else
  namedList { toItem = toContainer where; } builder where containers
