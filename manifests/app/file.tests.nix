# Cases of appFile.
{ manifests, hello, ... }:
with manifests;
let
  # Kind, name and namespace of each object.
  namesOf = map (object: [
    object.kind
    object.metadata.name
    (object.metadata.namespace or null)
  ]);
  imageOf =
    given:
    let
      objects = appFile given;
    in
    (builtins.head (builtins.elemAt objects 1).spec.template.spec.containers).image;
  isOurs = image: builtins.match "nix[.]internal/nix/store/[0-9a-z]{32}-a:nix" image != null;
in

{
  gives = {
    "several applications share what stands beside them" = {
      expr = namesOf (appFile {
        file = {
          namespace = "prod";
          apps = {
            b.image = "x";
            a = {
              image = "y";
              namespace = "own";
            };
          };
        };
      });
      expected = [
        [
          "ServiceAccount"
          "a"
          "own"
        ]
        [
          "Deployment"
          "a"
          "own"
        ]
        [
          "ServiceAccount"
          "b"
          "prod"
        ]
        [
          "Deployment"
          "b"
          "prod"
        ]
      ];
    };
    "a list of applications" = {
      expr = namesOf (appFile {
        file = [
          {
            name = "a";
            image = "x";
          }
          { apps.b.image = "y"; }
        ];
      });
      expected = [
        [
          "ServiceAccount"
          "a"
          null
        ]
        [
          "Deployment"
          "a"
          null
        ]
        [
          "ServiceAccount"
          "b"
          null
        ]
        [
          "Deployment"
          "b"
          null
        ]
      ];
    };
    "a package that is a derivation" = {
      expr = isOurs (imageOf {
        file = {
          name = "a";
          package = hello;
        };
      });
      expected = true;
    };
    "a package by its store path" = {
      expr = isOurs (imageOf {
        file = {
          name = "a";
          package = "/nix/store/00000000000000000000000000000000-tool";
        };
      });
      expected = true;
    };
    "a package by its attribute" = {
      expr =
        imageOf {
          file = {
            name = "a";
            package = "tools.hello";
          };
          packages.tools = { inherit hello; };
        } == imageOf {
          file = {
            name = "a";
            package = hello;
          };
        };
      expected = true;
    };
  };
  refuses = {
    "a list of numbers" = {
      expr = appFile { file = [ 1 ]; };
      message = "appFile: an application is 1, expected an attribute set with `name`, or with `apps`";
    };
    "no applications" = {
      expr = appFile {
        file = {
          apps = { };
        };
      };
      message =
        "appFile: apps is an attribute set, "
        + "expected an attribute set that isn't empty, name to application";
    };
    "an application that is text" = {
      expr = appFile {
        file = {
          apps.a = "b";
        };
      };
      message = "appFile: apps.a is \"b\", expected an attribute set, as `app` takes it";
    };
    "a field beside apps" = {
      expr = appFile {
        file = {
          apps.a.image = "b";
          port = 1;
        };
      };
      message = "appFile: a name beside apps \"port\" unknown, there are: flake, namespace, unpinned, apps";
    };
    "a field of one of several" = {
      expr = appFile {
        file = {
          apps = {
            a.image = "x";
            b = {
              image = "y";
              port = 0;
            };
          };
        };
      };
      message =
        "app b: port is 0, expected a port from 1 to 65535, with a protocol if not tcp: 8080, "
        + "\"53/udp\", \"9000/sctp\"";
    };
    "an attribute of nothing" = {
      expr = appFile {
        file = {
          name = "a";
          package = "hello";
        };
      };
      message =
        "app a: package is \"hello\", expected a store path, \"github:NixOS/nixpkgs/<revision>#hello\", "
        + "or `flake` beside it";
    };
    "a flake that may change" = {
      expr = appFile {
        file = {
          name = "a";
          package = "nixpkgs#hello";
        };
      };
      message =
        "app a: the flake of package is \"nixpkgs\", "
        + "expected one with its revision, such as \"github:NixOS/nixpkgs/<revision>\", "
        + "or `unpinned` to be true";
    };
    "a branch" = {
      expr = appFile {
        file = {
          name = "a";
          flake = "github:NixOS/nixpkgs/nixos-unstable";
          package = "hello";
        };
      };
      message =
        "app a: flake is \"github:NixOS/nixpkgs/nixos-unstable\", "
        + "expected one with its revision, such as \"github:NixOS/nixpkgs/<revision>\", "
        + "or `unpinned` to be true";
    };
    "a revision that is short" = {
      expr = appFile {
        file = {
          name = "a";
          flake = "github:NixOS/nixpkgs/123456789012345678901234567890123456789";
          package = "hello";
        };
      };
      message =
        "app a: flake is \"github:NixOS/nixpkgs/123456789012345678901234567890123456789\", "
        + "expected one with its revision, such as \"github:NixOS/nixpkgs/<revision>\", "
        + "or `unpinned` to be true";
    };
    "two flakes" = {
      expr = appFile {
        file = {
          name = "a";
          flake = "github:a/b/0123456789012345678901234567890123456789";
          package = "c#d";
        };
      };
      message =
        "app a: package \"c#d\" names a flake beside flake "
        + "\"github:a/b/0123456789012345678901234567890123456789\", expected one of them";
    };
    "a flake that is a number" = {
      expr = appFile {
        file = {
          name = "a";
          flake = 1;
          package = "b";
        };
      };
      message =
        "app a: flake is 1, expected the reference of a flake, "
        + "such as \"github:NixOS/nixpkgs/<revision>\"";
    };
    unpinned = {
      expr = appFile {
        file = {
          name = "a";
          flake = "b";
          package = "c";
          unpinned = "yes";
        };
      };
      message = "app a: unpinned is \"yes\", expected true or false";
    };
    "a package that is a number" = {
      expr = appFile {
        file = {
          name = "a";
          package = 1;
        };
      };
      message =
        "app a: package is 1, expected \"<flake>#<attribute>\", an attribute beside `flake`, "
        + "or a store path";
    };
  };
}
