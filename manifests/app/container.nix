# The one container of an application, and what its Pod must have for it.
let
  inherit (import ../objects/metadata.nix) optional unlessEmpty;
  toImage = import ./image.nix;
  toEnvironment = import ./environment.nix;
  toMounts = import ./mounts.nix;
  toProbes = import ./probes.nix;
  toResources = import ./resources.nix;
  toSecurity = import ./security.nix;

in
# -> { container, pod: fields of its PodSpec; mounts: what mounts.nix made }
{
  # who refuses
  builder,
  # name, namespace and labels
  metadata,
  # what ports.nix found
  ports,
  # the arguments of `app`, all of them
  args,
}:
let
  inherit (metadata) name;
  source = toImage {
    inherit builder name;
    inherit (args) image package command;
  };
  security = toSecurity {
    inherit builder;
    inherit (args)
      user
      runAsRoot
      writableRoot
      privilegeEscalation
      capabilities
      seccomp
      ;
    ports = ports.all;
  };
  environment = toEnvironment {
    inherit builder;
    inherit (args) env secrets;
  };
  mounts = toMounts {
    inherit builder metadata;
    inherit (args) storage volumes files;
    inherit (security) readOnly;
  };
in
{
  inherit mounts;
  container = {
    inherit (source) image;
    resources = toResources {
      inherit builder;
      inherit (args) size resources;
    };
    securityContext = security.container;
  }
  // optional "command" source.command
  // optional "args" args.args
  // unlessEmpty "env" environment.env
  // unlessEmpty "envFrom" environment.envFrom
  // unlessEmpty "ports" ports.given
  // unlessEmpty "volumeMounts" mounts.volumeMounts
  // toProbes {
    inherit builder;
    inherit (args) health probes;
    inherit (ports) main;
  };
  pod = {
    securityContext = security.pod;
  }
  // unlessEmpty "volumes" mounts.volumes
  // unlessEmpty "podAnnotations" mounts.podAnnotations;
}
