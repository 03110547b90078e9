# A Pod that says hello, from an image that nobody pushes:
#
#   nix build -f examples/greeter -o result      the manifest, and with it the image
#   kubectl apply -f result
#
# `nix build -f examples/greeter image` builds the image alone.
{
  # a statically linked busybox: the greeting is a shell script
  busybox ? /bin/busybox,
}:
let
  inherit (import ../../nix { }) image;
  inherit (import ../../manifests { }) pod list;

  hello = import ./hello.nix { inherit busybox; };

  greeter = image {
    name = "greeter";
    contents = [ hello ];
    entrypoint = [ "${hello}/bin/hello" ];
  };

  manifest = list "greeter" [
    (pod {
      name = "greeter";
      containers.greeter.image = greeter;
      restartPolicy = "Never";
    })
  ];
in
# The manifest itself, so that it is what a build without further words makes; the rest as its attributes.
manifest
// {
  inherit hello manifest;
  image = greeter;
}
