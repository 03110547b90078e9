# Cases of volumes.
{
  manifests,
  some,
  hello,
  ...
}:
with manifests;
let
  volumes =
    given:
    (pod {
      name = "web";
      volumes = given;
      containers.web.image = "web:1";
    }).spec.volumes;
in
{
  gives = {
    "by their kinds" = {
      expr = volumes {
        a.emptyDir = { };
        b.configMap = "web";
        c.secret = "db";
        d.persistentVolumeClaim = "data";
        e.hostPath = "/nix";
        f.secret = {
          secretName = "db";
          defaultMode = "0400";
        };
        g.hostPath = {
          path = "/dev";
          type = "Directory";
        };
      };
      expected = [
        {
          emptyDir = { };
          name = "a";
        }
        {
          configMap.name = "web";
          name = "b";
        }
        {
          name = "c";
          secret.secretName = "db";
        }
        {
          name = "d";
          persistentVolumeClaim.claimName = "data";
        }
        {
          hostPath.path = "/nix";
          name = "e";
        }
        {
          name = "f";
          secret = {
            defaultMode = 256;
            secretName = "db";
          };
        }
        {
          hostPath = {
            path = "/dev";
            type = "Directory";
          };
          name = "g";
        }
      ];
    };
    objects = {
      expr = volumes {
        a = configMap { name = "web"; };
        b = secret { name = "db"; };
        c = persistentVolumeClaim {
          name = "data";
          storage = "1Gi";
        };
        d.configMap = configMap { name = "web"; };
      };
      expected = [
        {
          configMap.name = "web";
          name = "a";
        }
        {
          name = "b";
          secret.secretName = "db";
        }
        {
          name = "c";
          persistentVolumeClaim.claimName = "data";
        }
        {
          configMap.name = "web";
          name = "d";
        }
      ];
    };
    "images, as references that kubelet can pull" = {
      expr = map (v: v.image // { reference = v.image.reference == (some { }).imageRef; }) (volumes {
        a.image = some { };
        b.image.reference = some { };
        c.image = {
          reference = some { };
          pullPolicy = "Always";
        };
      });
      expected = [
        { reference = true; }
        { reference = true; }
        {
          pullPolicy = "Always";
          reference = true;
        }
      ];
    };
    "images of other registries" = {
      expr = volumes { d.image = "ghcr.io/x/y:1"; };
      expected = [
        {
          image.reference = "ghcr.io/x/y:1";
          name = "d";
        }
      ];
    };
    "modes of files, in octal" = {
      expr = volumes {
        a.configMap = {
          name = "x";
          defaultMode = "0755";
          items = [
            {
              key = "k";
              path = "k";
              mode = "444";
            }
          ];
        };
        b.projected = {
          defaultMode = "0440";
          sources = [
            {
              secret = {
                name = "y";
                items = [
                  {
                    key = "k";
                    path = "k";
                    mode = "0400";
                  }
                ];
              };
            }
          ];
        };
        c.downwardAPI.defaultMode = "0644";
      };
      expected = [
        {
          configMap = {
            defaultMode = 493;
            items = [
              {
                key = "k";
                mode = 292;
                path = "k";
              }
            ];
            name = "x";
          };
          name = "a";
        }
        {
          name = "b";
          projected = {
            defaultMode = 288;
            sources = [
              {
                secret = {
                  items = [
                    {
                      key = "k";
                      mode = 256;
                      path = "k";
                    }
                  ];
                  name = "y";
                };
              }
            ];
          };
        }
        {
          downwardAPI.defaultMode = 420;
          name = "c";
        }
      ];
    };
    "as Kubernetes has them" = {
      expr = volumes [
        {
          name = "z";
          emptyDir.medium = "Memory";
        }
        {
          name = "a";
          nfs = {
            server = "x";
            path = "/";
          };
        }
      ];
      expected = [
        {
          emptyDir.medium = "Memory";
          name = "z";
        }
        {
          name = "a";
          nfs = {
            path = "/";
            server = "x";
          };
        }
      ];
    };
  };
  refuses = {
    "a mode that is a number" = {
      expr = volumes {
        a.configMap = {
          name = "x";
          defaultMode = 0755;
        };
      };
      message =
        "pod \"web\": volumes.a.configMap.defaultMode is 755, "
        + "expected octal digits in a string, such as \"0440\", since Nix has no octal numbers: \"0755\"";
    };
    "a mode that may be either" = {
      expr = volumes {
        a.secret = {
          secretName = "x";
          items = [
            {
              key = "k";
              path = "k";
              mode = 0400;
            }
          ];
        };
      };
      message =
        "pod \"web\": volumes.a.secret.items.k.mode is 400, "
        + "expected octal digits in a string, such as \"0440\", since Nix has no octal numbers: \"0400\", "
        + "or \"0620\" for the number 400";
    };
    "a mode with a nine" = {
      expr = volumes {
        a.configMap = {
          name = "x";
          defaultMode = "0990";
        };
      };
      message =
        "pod \"web\": volumes.a.configMap.defaultMode is \"0990\", "
        + "expected octal digits in a string, such as \"0440\", since Nix has no octal numbers";
    };
    "a name with a dot" = {
      expr = volumes { "a.b".emptyDir = { }; };
      message =
        "pod \"web\": a name in volumes is \"a.b\", "
        + "expected an RFC 1123 label: at most 63 of a-z 0-9 -, "
        + "beginning and ending with a letter or digit";
    };
    "no kind" = {
      expr = volumes { a = { }; };
      message =
        "pod \"web\": volumes.a has no kind of volume, "
        + "expected one kind of volume, such as { emptyDir = { }; }";
    };
    "two kinds" = {
      expr = volumes {
        a = {
          emptyDir = { };
          secret = "b";
        };
      };
      message =
        "pod \"web\": volumes.a has emptyDir, secret, "
        + "expected one kind of volume, such as { emptyDir = { }; }";
    };
    "a path" = {
      expr = volumes { a = /nix; };
      message =
        "pod \"web\": volumes.a is /nix, expected an attribute set with one kind of volume, "
        + "such as { emptyDir = { }; }";
    };
    "a derivation" = {
      expr = volumes { a = hello; };
      message =
        "pod \"web\": volumes.a is a derivation, "
        + "expected an attribute set with one kind of volume, such as { emptyDir = { }; }";
    };
    "a Deployment" = {
      expr = volumes {
        a = deployment {
          name = "a";
          containers.a.image = "b";
        };
      };
      message =
        "pod \"web\": volumes.a is a Deployment, "
        + "expected a ConfigMap, a Secret or a PersistentVolumeClaim";
    };
    "a Secret where a ConfigMap belongs" = {
      expr = volumes { a.configMap = secret { name = "b"; }; };
      message =
        "pod \"web\": volumes.a.configMap is a Secret, "
        + "expected the name of a ConfigMap, or a ConfigMap that this library made";
    };
    "a path of the node that is relative" = {
      expr = volumes { a.hostPath = "nix"; };
      message = "pod \"web\": volumes.a.hostPath is \"nix\", expected an absolute path of the node";
    };
    "a name twice" = {
      expr = volumes [
        {
          name = "a";
          emptyDir = { };
        }
        {
          name = "a";
          emptyDir = { };
        }
      ];
      message = "pod \"web\": volumes has \"a\" twice";
    };
  };
}
