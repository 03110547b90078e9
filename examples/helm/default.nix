# A Helm chart, with its image replaced by one that nobody pushes:
#
#   nix build -f examples/helm -o result
#   kubectl apply -f ./result/
#
# An image that isn't in the map is refused, so that nothing is pulled from elsewhere unnoticed, unless it is allowed:
#
#   nix build -f examples/helm unmapped      fails, and names the image that nobody mapped
#   nix build -f examples/helm allowed -o result
{
  # nixpkgs of Linux: busybox and kubernetes-helm are used of it
  pkgs ? import <nixpkgs> { },
  # package of pushless, which changes the images
  pushless ? pkgs.callPackage ../../nix/package.nix { },
}:
let
  inherit (pkgs.stdenv.hostPlatform) system;
  inherit (import ../../nix { }) image;
  inherit (import ../../manifests { inherit system; }) helmChart;

  site = image {
    name = "site";
    inherit system;
    contents = [ pkgs.busybox ];
    entrypoint = [
      "${pkgs.busybox}/bin/httpd"
      "-f"
    ];
  };

  chart =
    {
      # whether there is a cache, whose image is another's
      cache ? false,
      # patterns of images that may stay what they are
      allow ? [ ],
    }:
    helmChart {
      name = "site";
      chart = ./chart;
      namespace = "web";
      values = {
        replicas = 2;
        page = "<h1>Nobody pushed this chart's image</h1>";
        cache.enabled = cache;
      };
      # Whatever its tag; "ghcr.io/example/site:1.0" would be that one alone.
      images."ghcr.io/example/site" = site;
      inherit allow pkgs pushless;
    };
in
chart { }
// {
  image = site;
  unmapped = chart { cache = true; };
  allowed = chart {
    cache = true;
    allow = [ "docker.io/library/redis:*" ];
  };
}
