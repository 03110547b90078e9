# As much of nixpkgs as the outputs ask for, without nixpkgs: coreutils that are a static busybox.
{
  # a statically linked busybox (Debian: package busybox-static)
  busybox ? /bin/busybox,
  system ? builtins.currentSystem,
  # programs of this machine, as text: they are run where they are, and no build is any purer for it
  node ? "",
  main ? "",
  helm ? "",
}:
let
  inherit (builtins)
    baseNameOf
    dirOf
    path
    pathExists
    ;

  # As in examples/greeter/hello.nix: busybox picks its command by the name it is called with, which it must keep.
  merged = /usr + toString busybox;
  real = if pathExists merged then merged else busybox;
  copied = path {
    name = "busybox";
    path = dirOf real;
    filter = file: _: baseNameOf file == baseNameOf real;
  };

  # A package with one program, which runs another.
  wrapper =
    name: command:
    derivation {
      inherit name system command;
      busybox = "${copied}/${baseNameOf real}";
      builder = "/bin/sh";
      args = [
        "-euc"
        ''
          "$busybox" mkdir -p "$out/bin"
          printf '#!/bin/sh\nexec %s "$@"\n' "$command" > "$out/bin/$name"
          "$busybox" chmod 555 "$out/bin/$name"
        ''
      ];
    };
in
{
  kubernetes-helm = wrapper "helm" helm;
  # what nix/package.nix makes, of what is checked out
  pushless = wrapper "pushless" "${node} --disable-warning=ExperimentalWarning ${main}";

  stdenv.hostPlatform = { inherit system; };
  coreutils = derivation {
    name = "coreutils";
    inherit system;
    busybox = "${copied}/${baseNameOf real}";
    applets = [
      "cat"
      "cp"
      "mkdir"
      "mv"
      "sha256sum"
    ];
    builder = "/bin/sh";
    args = [
      "-euc"
      ''
        "$busybox" mkdir -p "$out/bin"
        "$busybox" cp "$busybox" "$out/bin/busybox"
        for applet in $applets; do "$busybox" ln -s busybox "$out/bin/$applet"; done
      ''
    ];
  };
}
