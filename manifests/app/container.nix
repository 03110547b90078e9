# Makes the container of an application, and the fields that its Pod needs for it.
let
  inherit (import ../objects/metadata.nix) optional unlessEmpty;
  toImage = import ./image.nix;
  toEnvironment = import ./environment.nix;
  toMounts = import ./mounts.nix;
  toProbes = import ./probes.nix;
  toResources = import ./resources.nix;
  toSecurity = import ./security.nix;

in
/**
  Returns `container`, `pod` with the fields of its PodSpec, and `mounts`, the result of mounts.nix.
*/
{
  # the builder that refuses
  builder,
  # name, namespace and labels
  metadata,
  # the result of ports.nix
  ports,
  # all arguments of `app`
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
  // optional "layers" args.layers
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
