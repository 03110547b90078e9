# As much of nixpkgs as the examples ask for, found as <nixpkgs>: what is built with it is real, but nginx is a busybox
# that reads its configuration.
{ ... }:
let
  inherit (builtins) currentSystem getEnv;

  busybox = import ../../fixtures/busybox.nix { };

  run =
    name: attrs: script:
    derivation (
      {
        inherit name script;
        system = currentSystem;
        builder = "/bin/sh";
        args = [
          "-euc"
          script
        ];
        PATH = "/usr/bin:/bin";
        LC_ALL = "C";
      }
      // attrs
    );

  pkgs =
    import ../../manifests/output/stub-pkgs.nix {
      node = getEnv "STUB_NODE";
      main = getEnv "STUB_MAIN";
      helm = getEnv "STUB_HELM";
    }
    // {
      inherit busybox;
      dockerTools = import ./docker-tools.nix { inherit run busybox; };

      # nix/package.nix is all that is called.
      callPackage = _: _: pkgs.pushless;

      writeText = name: text: run name { inherit text; } ''printf '%s' "$text" > "$out"'';
      writeTextDir =
        file: text:
        run (baseNameOf file) { inherit file text; } ''
          mkdir -p "$out/$(dirname "$file")"
          printf '%s' "$text" > "$out/$file"
        '';

      nginx = run "nginx" { inherit busybox; } ''
        mkdir -p "$out/bin"
        cat > "$out/bin/nginx" <<END
        #!$busybox/bin/sh
        set -eu
        [ "\$1" = -c ]
        port=\$($busybox/bin/sed -n 's/^ *listen \([0-9]*\);/\1/p' "\$2")
        root=\$($busybox/bin/sed -n 's/^ *root \(.*\);/\1/p' "\$2")
        exec $busybox/bin/httpd -f -p "\$port" -h "\$root"
        END
        chmod 555 "$out/bin/nginx"
      '';
    };
in
pkgs
