# The containers of a Pod: an attribute set by name, or a list where the order counts, as it does for init containers.
let
  inherit (builtins)
    attrNames
    filter
    head
    isAttrs
    isInt
    isList
    isString
    length
    map
    mapAttrs
    match
    removeAttrs
    replaceStrings
    toJSON
    ;
  inherit (import ../nix/refuse.nix) refuse;
  inherit (import ../nix/store-path.nix) parse;
  inherit (import ./name.nix) checkLabel;
  environment = import ../nix/environment.nix;
  port = import ../nix/port.nix;
  imageRef = import ../nix/image-ref.nix;

  # A derivation or a store path becomes the reference under which the registry serves it; other strings stay.
  toImage =
    builder: field: image:
    if !isString image then
      (
        if isAttrs image && image ? outPath then
          imageRef { inherit image; }
        else
          refuse builder field image "an image: a derivation, or a reference in a string"
      )
    else if parse image != null then
      imageRef { inherit image; }
    else if match "[^/]+//.*" image != null then
      refuse builder field image "a reference without an empty part, for kubelet refuses `//`: write `image = <the derivation>`, which spells it right"
    else if match "[^[:space:]]+" image == null then
      refuse builder field image "a reference without spaces, that isn't empty"
    else
      image;

  toEnv =
    builder: field: env:
    if isList env then
      env
    else if !isAttrs env then
      refuse builder field env "an attribute set, variable name to value, or Kubernetes' list"
    else
      map (
        name:
        let
          value = env.${name};
          checked = environment.checkName builder field name;
        in
        # { valueFrom = ...; } and the like are Kubernetes' own.
        if isAttrs value && !(value ? outPath) then
          { name = checked; } // value
        else
          {
            name = checked;
            value = environment.toValue builder "${field}.${toJSON name}" value;
          }
      ) (attrNames env);

  upperCase = replaceStrings [ "tcp" "udp" "sctp" ] [ "TCP" "UDP" "SCTP" ];

  toPort =
    builder: field: value:
    let
      given = port.parse builder "a port in ${field}" value;
    in
    if isAttrs value then
      (
        if port.isNumber (value.containerPort or null) then
          value
        else
          refuse builder "containerPort in ${field}" (value.containerPort or null) "a port from 1 to 65535"
      )
    else
      { containerPort = given.number; } // (if isInt value then { } else { protocol = upperCase given.protocol; });

  strings =
    builder: field: value:
    if isList value && filter (item: !isString item) value == [ ] then
      value
    else
      refuse builder field value "a list of strings";

  listed =
    builder: field: toItem: value:
    if isList value then map toItem value else refuse builder field value "a list";

  toContainer =
    builder: set: name: container:
    let
      field = "${set}.${name}";
      parsers = {
        image = toImage builder "${field}.image";
        command = strings builder "${field}.command";
        args = strings builder "${field}.args";
        env = toEnv builder "${field}.env";
        ports = listed builder "${field}.ports" (toPort builder "${field}.ports");
      };
    in
    if !isAttrs container || container ? outPath then
      refuse builder field container "an attribute set with `image` in it"
    else if !(container ? image) then
      throw "${builder}: ${field}.image is missing"
    else
      {
        name = checkLabel builder "a name in ${set}" name;
        # What a store path holds never changes, so asking for it again at each start gains nothing.
        imagePullPolicy = "IfNotPresent";
      }
      // mapAttrs (key: parsers.${key} or (value: value)) (removeAttrs container [ "name" ]);

  nameIn =
    builder: set: container:
    if isAttrs container && container ? name && !(container ? outPath) then
      container.name
    else
      refuse builder "an item of ${set}" container "an attribute set with `name` in it";
in
# -> Kubernetes' list
builder: set: containers:
if isList containers then
  let
    names = map (nameIn builder set) containers;
    twice = filter (name: length (filter (other: other == name) names) > 1) names;
  in
  if twice != [ ] then
    throw "${builder}: ${set} has ${toJSON (head twice)} twice"
  else
    map (container: toContainer builder set (checkLabel builder "a name in ${set}" container.name) container) containers
else if isAttrs containers && !(containers ? outPath) then
  map (name: toContainer builder set name containers.${name}) (attrNames containers)
else
  refuse builder set containers "an attribute set, name to container"
