# As much of nixpkgs as the documentation asks for: that of the examples, and the packages that pages name. Each has the
# programs that pages call, which are scripts.
{ ... }:
let
  stub = import ../../examples/stub-nixpkgs { };

  package =
    name: script:
    derivation {
      inherit name script;
      system = builtins.currentSystem;
      builder = "/bin/sh";
      PATH = "/usr/bin:/bin";
      args = [
        "-euc"
        ''mkdir -p "$out/bin"; printf '#!/bin/sh\n%s\n' "$script" > "$out/bin/$name"; chmod 555 "$out/bin/$name"''
      ];
    };
in
stub
// {
  hello = package "hello" "echo Hello";
  whoami = package "whoami" "sleep 1";
  shop = package "shop" "sleep 1";
  cacert = package "cacert" "true";
  git = package "git" "true";
  htop = package "htop" "true";
  jsonnet = package "jsonnet" "true";
}
