# Two applications that are one: a web application and its database, each in a file of its own, joined here.
#
#   nix build -f examples/todo-app -o result      the manifests, and with them the images
#   kubectl apply -f result
{
  # a statically linked busybox, which both are made of
  busybox ? /bin/busybox,
}:
let
  inherit (import ../../manifests { }) app list;

  program = import ./program.nix { inherit busybox; };
in
list "todo-app" (
  import ./database.nix { inherit app program; } ++ import ./web.nix { inherit app program; }
)
