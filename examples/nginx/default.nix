# nginx of nixpkgs, in an image of nixpkgs' own dockerTools, behind a Service. The image is served as it is:
#
#   nix build -f examples/nginx -o result
#   kubectl apply -f ./result/
#
# `nix build -f examples/nginx image` builds the image alone. This takes another nixpkgs than that of this machine, by
# its revision:
#
#   nix build -f examples/nginx --arg pkgs 'import (fetchTarball "https://github.com/NixOS/nixpkgs/tarball/<rev>") { }'
{
  # nixpkgs of Linux
  pkgs ? import <nixpkgs> { },
}:
let
  inherit (import ../../manifests { inherit (pkgs.stdenv.hostPlatform) system; })
    deployment
    service
    mkManifests
    ;

  page = pkgs.writeTextDir "index.html" ''
    <h1>Nobody pushed this nginx</h1>
  '';

  config = pkgs.writeText "nginx.conf" ''
    user nobody nobody;
    daemon off;
    error_log /dev/stdout info;
    pid /dev/null;
    events {}
    http {
      access_log /dev/stdout;
      default_type text/html;
      server {
        listen 80;
        root ${page};
      }
    }
  '';

  image = pkgs.dockerTools.buildLayeredImage {
    name = "nginx";
    tag = "example";
    contents = [
      pkgs.dockerTools.fakeNss
      pkgs.nginx
    ];
    # Directories that nginx opens whatever its configuration says.
    extraCommands = "mkdir -p tmp/nginx_client_body var/log/nginx";
    config = {
      Cmd = [
        "${pkgs.nginx}/bin/nginx"
        "-c"
        config
      ];
      ExposedPorts."80/tcp" = { };
    };
    # The layers of a plain archive are read where they are; a compressed one would be unpacked first, once.
    compressor = "none";
  };

  nginx = deployment {
    name = "nginx";
    replicas = 2;
    containers.nginx = {
      inherit image;
      ports.http = 80;
      readinessProbe.httpGet = {
        path = "/";
        port = "http";
      };
    };
  };
in
mkManifests {
  name = "nginx";
  inherit pkgs;
  objects = [
    nginx
    (service {
      name = "nginx";
      for = nginx;
    })
  ];
}
// {
  inherit image;
}
