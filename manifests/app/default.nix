/**
  Returns the objects of an application that runs in Kubernetes, in one call. They are plain values that the builders
  of this library made, so all of them can be changed afterwards.

  An application is safe by default. It isn't root, gains no rights, can't write to /, and has no token of the API
  server. Each of these rights has an argument that gives it back.

  # Type

      app :: settings -> builder -> arguments -> [object]
*/
settings:
let
  inherit (builtins)
    attrNames
    concatStringsSep
    elem
    filter
    head
    isFunction
    isList
    map
    ;
  isPlainSet = import ../../nix/is-plain-set.nix;
  inherit (import ../../nix/refuse.nix) refuse onlyKnown;
  inherit (import ../objects/metadata.nix) optional;
  inherit (import ../objects/name.nix) checkServiceName checkSubdomain;
  inherit (import ../pods/selector.nix) nameLabel;
  makeDeployment = import ../builders/deployment.nix settings;
  makeStatefulSet = import ../builders/stateful-set.nix settings;
  makeCronJob = import ../builders/cron-job.nix settings;
  makeAccount = import ../builders/service-account.nix;
  extendObject = (import ../objects/extend.nix settings).extend;
  defaults = import ./arguments.nix;
  toContainer = import ./container.nix;
  toPorts = import ./ports.nix;
  toNetwork = import ./network.nix;
  toScaling = import ./scaling.nix;

  # A CronJob's Pods come and go, so these arguments make no sense for them.
  notForSchedules = [
    "autoscale"
    "health"
    "host"
    "hosts"
    "ingressClass"
    "port"
    "ports"
    "replicas"
    "storage"
    "tls"
  ];

  checkArguments =
    builder: given:
    let
      misplaced = filter (key: elem key notForSchedules) (attrNames given);
    in
    if !isPlainSet given then
      refuse builder "the argument" given "an attribute set with `name` and `image` or `package` in it"
    else if given.schedule or null != null && misplaced != [ ] then
      throw (
        "${builder}: ${head misplaced} is given beside schedule, "
        + "expected one of them: what runs at times serves nobody"
      )
    else
      defaults // onlyKnown builder "argument" (attrNames defaults) given;

  # Applies each patch to the one object of its kind.
  applyPatches =
    builder: patches: objects:
    let
      kinds = map (object: object.kind) objects;
      unknown = filter (kind: !elem kind kinds) (attrNames patches);
      isPatch = patch: isFunction patch || isPlainSet patch;
      apply =
        object:
        let
          patch = patches.${object.kind};
        in
        if !(patches ? ${object.kind}) then
          object
        else if isPatch patch then
          extendObject object patch
        else
          refuse builder "extend.${object.kind}" patch
            "an attribute set, or a function from the object to one";
    in
    if !isPlainSet patches then
      refuse builder "extend" patches
        "an attribute set, kind to patch: { Deployment.spec.minReadySeconds = 5; }"
    else if unknown != [ ] then
      refuse builder "a kind in extend" (head unknown) "one of those made: ${concatStringsSep ", " kinds}"
    else
      map apply objects;
in
# builder: the name for refusals; given: the arguments of arguments.nix -> list of objects
builder: given:
let
  args = checkArguments builder given;
  inherit (args) schedule;
  name = checkServiceName builder "name" (
    if args.name == null then throw "${builder}: name is missing" else args.name
  );
  metadata = {
    inherit name;
    labels =
      if isPlainSet args.labels then
        { ${nameLabel} = name; } // args.labels
      else
        refuse builder "labels" args.labels "an attribute set of strings";
  }
  // optional "namespace" args.namespace;
  ports = toPorts {
    inherit builder;
    inherit (args) port ports;
  };
  scaling = toScaling {
    inherit builder metadata;
    inherit (args) replicas autoscale;
  };
  inherit
    (toContainer {
      inherit
        builder
        metadata
        ports
        args
        ;
    })
    container
    pod
    mounts
    ;

  account =
    if args.serviceAccount == null then
      name
    else
      checkSubdomain builder "serviceAccount" args.serviceAccount;
  fields =
    metadata
    // pod
    // {
      containers.${name} = container;
      serviceAccountName = account;
      automountServiceAccountToken =
        if builtins.isBool args.apiToken then
          args.apiToken
        else
          refuse builder "apiToken" args.apiToken "true or false";
    };
  workload =
    if schedule != null then
      makeCronJob (fields // { inherit schedule; })
    else if args.storage != { } then
      makeStatefulSet (fields // scaling.replicas // { inherit (mounts) volumeClaimTemplates; })
    else
      makeDeployment (fields // scaling.replicas);

  objects =
    (
      if args.serviceAccount == null then
        [ (makeAccount (metadata // { automountServiceAccountToken = args.apiToken; })) ]
      else
        [ ]
    )
    ++ mounts.configMaps
    ++ [ workload ]
    ++ (
      if schedule != null then
        [ ]
      else
        toNetwork {
          inherit
            builder
            metadata
            ports
            workload
            ;
          inherit (args)
            host
            hosts
            tls
            ingressClass
            ;
        }
        ++ scaling.objectsFor workload
    );
in
applyPatches builder args.extend objects
++ (if isList args.extra then args.extra else refuse builder "extra" args.extra "a list of objects")
