# Cases of images.
{
  manifests,
  image,
  some,
  hello,
  floating,
  root,
  ...
}:
with manifests;
let
  use' =
    pod: image:
    (builtins.head
      (pod {
        name = "web";
        containers.web.image = image;
      }).spec.containers
    ).image;
  use = use' pod;
  stored = "/nix/store/00000000000000000000000000000000-web";
  package = hello // {
    pname = "hello";
    version = "1";
  };
  program = hello // {
    meta.mainProgram = "hello";
  };
in
{
  gives = {
    "store paths" = {
      expr = map use [
        "/nix/store/00000000000000000000000000000000-web"
        /nix/store/00000000000000000000000000000000-web
        "/nix/store/00000000000000000000000000000000-web-With+Odd=Name"
      ];
      expected = [
        "nix.internal/nix/store/00000000000000000000000000000000-web:nix"
        "nix.internal/nix/store/00000000000000000000000000000000-web:nix"
        "nix.internal/nix/store/00000000000000000000000000000000:nix"
      ];
    };
    references = {
      expr = map use [
        "web"
        "example.org:5000/a/b:1"
        "example.org/a@sha256:00"
      ];
      expected = [
        "web"
        "example.org:5000/a/b:1"
        "example.org/a@sha256:00"
      ];
    };
    "a derivation is its reference" = {
      expr = use (some { }) == (some { }).imageRef;
      expected = true;
    };
    "layers of the container, or of the settings" = {
      expr =
        let
          of =
            settings: more:
            let
              made = (import (root + "/manifests") settings).pod {
                name = "p";
                containers.c = {
                  image = stored;
                }
                // more;
              };
              container = builtins.head made.spec.containers;
            in
            {
              inherit (container) image;
              isField = container ? layers;
            };
        in
        [
          (of { } { layers = "erofs"; })
          (of { layers = "erofs"; } { })
          (of { layers = "erofs"; } { layers = "tar"; })
        ];
      expected =
        map
          (tag: {
            image = "nix.internal/nix/store/00000000000000000000000000000000-web:${tag}";
            isField = false;
          })
          [
            "erofs"
            "erofs"
            "nix"
          ];
    };
    "the registry, the mode and the packages of the settings" = {
      expr =
        let
          of = settings: use' (import (root + "/manifests") settings).pod;
        in
        {
          registry = of { registry = "example.org:5000/path"; } stored;
          isDerivation = builtins.match ".*[.]drv:nix" (of { mode = "drv"; } (some { })) != null;
          path = of { mode = "drv"; } stored;
        };
      expected = {
        registry = "example.org:5000/path/nix/store/00000000000000000000000000000000-web:nix";
        isDerivation = true;
        path = "nix.internal/nix/store/00000000000000000000000000000000-web:nix";
      };
    };
    "an image depends on its derivation" = {
      expr = builtins.attrValues (
        builtins.getContext (
          builtins.toJSON (pod {
            name = "a";
            containers.b.image = some { };
          })
        )
      );
      expected = [ { outputs = [ "out" ]; } ];
    };
  };
  refuses = {
    "a number" = {
      expr = use 1;
      message =
        "pod \"web\": containers.web.image is 1, "
        + "expected an image: a derivation, or a reference in a string";
    };
    "a set" = {
      expr = use { };
      message =
        "pod \"web\": containers.web.image is an attribute set, "
        + "expected an image: a derivation, or a reference in a string";
    };
    "a function" = {
      expr = use image;
      message =
        "pod \"web\": containers.web.image is a function, "
        + "expected an image: a derivation, or a reference in a string";
    };
    "a list" = {
      expr = use [ (some { }) ];
      message =
        "pod \"web\": containers.web.image is a list, "
        + "expected an image: a derivation, or a reference in a string";
    };
    nothing = {
      expr = use "";
      message = "pod \"web\": containers.web.image is \"\", expected a reference without spaces, that isn't empty";
    };
    "a reference with a space" = {
      expr = use "c d";
      message =
        "pod \"web\": containers.web.image is \"c d\", "
        + "expected a reference without spaces, that isn't empty";
    };
    "layers of another registry's image" = {
      expr = use' (
        args:
        pod (
          args
          // {
            containers.web = args.containers.web // {
              layers = "erofs";
            };
          }
        )
      ) "web";
      message =
        "pod \"web\": containers.web.image is \"web\", "
        + "expected an image of this registry, a derivation or a store path, since `layers` is given";
    };
    "layers of no format" = {
      expr = use' (
        args:
        pod (
          args
          // {
            containers.web = args.containers.web // {
              layers = "zip";
            };
          }
        )
      ) hello;
      message = "pod \"web\": containers.web.layers is \"zip\", expected \"tar\" or \"erofs\"";
    };
    "a reference with an empty part" = {
      expr = use "nix.internal//nix/store/00000000000000000000000000000000-web";
      message =
        "pod \"web\": containers.web.image is "
        + "\"nix.internal//nix/store/00000000000000000000000000000000-web\", "
        + "expected a reference without an empty part, for kubelet refuses `//`: "
        + "write `image = <the derivation>`, which spells it right";
    };
    "one that is content-addressed" = {
      expr = use floating;
      message =
        "pod \"web\": containers.web.image is a derivation, "
        + "expected one whose output path is known when evaluating (this one's is content-addressed)";
    };
    "a flake" = {
      expr = use {
        _type = "flake";
        outPath = "/nix/store/00000000000000000000000000000000-source";
      };
      message =
        "pod \"web\": containers.web.image is a whole flake, "
        + "expected an image among its packages: <flake>.packages.<system>.<name>";
    };
    "a Nix file" = {
      expr = use /tmp/image.nix;
      message =
        "pod \"web\": containers.web.image is /tmp/image.nix, "
        + "expected the image and not the Nix file that makes it: write `import` before it";
    };
    "an object" = {
      expr = use (pod {
        name = "a";
        containers.a.image = "b";
      });
      message =
        "pod \"web\": containers.web.image is an attribute set, "
        + "expected an image: a derivation, or a reference in a string";
    };
  };
  warns = {
    "a package" = {
      expr = use package;
      warnings = [
        (
          "warning: pod \"web\": containers.web.image is hello, a package and not an image, "
          + "which registries serve with --serve-packages only; "
          + "expected image { name = \"...\"; contents = [ <the package> ]; }"
        )
      ];
    };
    "a program" = {
      expr = use program;
      warnings = [
        (
          "warning: pod \"web\": containers.web.image is hello, a package and not an image, "
          + "which registries serve with --serve-packages only; "
          + "expected image { name = \"...\"; contents = [ <the package> ]; }"
        )
      ];
    };
    "nothing, where the registry serves packages" = {
      expr = use' (import (root + "/manifests") { servePackages = true; }).pod package;
      warnings = [ ];
    };
    "nothing of what may be an image" = {
      expr = map use [
        hello
        (some { })
        (package // { name = "image.tar.gz"; })
        (package // { name = "stream-web"; })
        (package // { name = "image-web.json"; })
        (package // { imageName = "web"; })
        (package // { copyToRegistry = hello; })
      ];
      warnings = [ ];
    };
  };
}
