# Cases of ingress.
{ manifests, ... }:
with manifests;
let
  web = deployment {
    name = "web";
    namespace = "prod";
    containers.web = {
      image = "web:1";
      ports.http = 8080;
    };
  };
  svc = service {
    name = "web";
    for = web;
  };
in
{
  gives = {
    "the least" = {
      expr = ingress {
        name = "web";
        hosts."example.org" = "web:http";
      };
      expected = {
        apiVersion = "networking.k8s.io/v1";
        kind = "Ingress";
        metadata.name = "web";
        spec.rules = [
          {
            host = "example.org";
            http.paths = [
              {
                backend.service = {
                  name = "web";
                  port.name = "http";
                };
                path = "/";
                pathType = "Prefix";
              }
            ];
          }
        ];
      };
    };
    "all that it has" = {
      expr = ingress {
        name = "web";
        ingressClassName = "nginx";
        tls = true;
        annotations."example.org/a" = "b";
        hosts = {
          "example.org" = {
            "/" = "web:80";
            "/api" = {
              backend = "api:http";
              pathType = "Exact";
            };
            "/raw".service = {
              name = "raw";
              port.number = 1;
            };
          };
          "*.example.org" = "web:http";
          "*" = "web:http";
        };
      };
      expected = {
        apiVersion = "networking.k8s.io/v1";
        kind = "Ingress";
        metadata = {
          annotations."example.org/a" = "b";
          name = "web";
        };
        spec = {
          ingressClassName = "nginx";
          rules = [
            {
              http.paths = [
                {
                  backend.service = {
                    name = "web";
                    port.name = "http";
                  };
                  path = "/";
                  pathType = "Prefix";
                }
              ];
            }
            {
              host = "*.example.org";
              http.paths = [
                {
                  backend.service = {
                    name = "web";
                    port.name = "http";
                  };
                  path = "/";
                  pathType = "Prefix";
                }
              ];
            }
            {
              host = "example.org";
              http.paths = [
                {
                  backend.service = {
                    name = "web";
                    port.number = 80;
                  };
                  path = "/";
                  pathType = "Prefix";
                }
                {
                  backend.service = {
                    name = "api";
                    port.name = "http";
                  };
                  path = "/api";
                  pathType = "Exact";
                }
                {
                  backend.service = {
                    name = "raw";
                    port.number = 1;
                  };
                  path = "/raw";
                  pathType = "Prefix";
                }
              ];
            }
          ];
          tls = [
            {
              hosts = [
                "*.example.org"
                "example.org"
              ];
              secretName = "web-tls";
            }
          ];
        };
      };
    };
    "a Service itself, and its namespace" = {
      expr = ingress {
        name = "web";
        hosts."example.org" = svc;
        tls = "cert";
      };
      expected = {
        apiVersion = "networking.k8s.io/v1";
        kind = "Ingress";
        metadata = {
          name = "web";
          namespace = "prod";
        };
        spec = {
          rules = [
            {
              host = "example.org";
              http.paths = [
                {
                  backend.service = {
                    name = "web";
                    port.name = "http";
                  };
                  path = "/";
                  pathType = "Prefix";
                }
              ];
            }
          ];
          tls = [
            {
              hosts = [ "example.org" ];
              secretName = "cert";
            }
          ];
        };
      };
    };
    "a Service behind a path" = {
      expr =
        (ingress {
          name = "web";
          namespace = "prod";
          hosts."example.org" = {
            "/" = svc;
            "/a" = {
              backend = svc;
            };
          };
          tls = [ { hosts = [ "a" ]; } ];
        }).spec;
      expected = {
        rules = [
          {
            host = "example.org";
            http.paths = [
              {
                backend.service = {
                  name = "web";
                  port.name = "http";
                };
                path = "/";
                pathType = "Prefix";
              }
              {
                backend.service = {
                  name = "web";
                  port.name = "http";
                };
                path = "/a";
                pathType = "Prefix";
              }
            ];
          }
        ];
        tls = [ { hosts = [ "a" ]; } ];
      };
    };
    "a backend for the rest only" = {
      expr = ingress {
        name = "web";
        defaultBackend.service = {
          name = "web";
          port.number = 80;
        };
      };
      expected = {
        apiVersion = "networking.k8s.io/v1";
        kind = "Ingress";
        metadata.name = "web";
        spec.defaultBackend.service = {
          name = "web";
          port.number = 80;
        };
      };
    };
  };
  refuses = {
    "no name" = {
      expr = ingress { hosts."example.org" = "web:80"; };
      message = "ingress: name is missing";
    };
    "no hosts" = {
      expr = ingress { name = "web"; };
      message =
        "ingress \"web\": hosts is empty, "
        + "expected at least one, such as { \"example.org\" = \"web:http\"; }";
    };
    "hosts that are a list" = {
      expr = ingress {
        name = "web";
        hosts = [ "example.org" ];
      };
      message = "ingress \"web\": hosts is a list, expected an attribute set, host to backend";
    };
    "a host with its port" = {
      expr = ingress {
        name = "web";
        hosts."example.org:80" = "web:80";
      };
      message =
        "ingress \"web\": a name in hosts is \"example.org:80\", "
        + "expected an RFC 1123 subdomain: at most 253 of a-z 0-9 - ., "
        + "each part beginning and ending with a letter or digit";
    };
    "a host that is an address" = {
      expr = ingress {
        name = "web";
        hosts."10.0.0.1" = "web:80";
      };
      message =
        "ingress \"web\": a name in hosts is \"10.0.0.1\", "
        + "expected a name in DNS, or \"*\" for any, since Kubernetes takes no address there";
    };
    "a host with capitals" = {
      expr = ingress {
        name = "web";
        hosts."Example.org" = "web:80";
      };
      message =
        "ingress \"web\": a name in hosts is \"Example.org\", "
        + "expected an RFC 1123 subdomain: at most 253 of a-z 0-9 - ., "
        + "each part beginning and ending with a letter or digit";
    };
    "a host without paths" = {
      expr = ingress {
        name = "web";
        hosts."example.org" = { };
      };
      message =
        "ingress \"web\": hosts.example.org is an attribute set, "
        + "expected a backend, or an attribute set, path to backend";
    };
    "a path that is relative" = {
      expr = ingress {
        name = "web";
        hosts."example.org"."api" = "web:80";
      };
      message = "ingress \"web\": a path in hosts.example.org is \"api\", expected one that begins with /";
    };
    "a backend without port" = {
      expr = ingress {
        name = "web";
        hosts."example.org" = "web";
      };
      message =
        "ingress \"web\": hosts.example.org./ is \"web\", "
        + "expected \"<service>:<port>\", a Service that this library made, or Kubernetes' backend";
    };
    "a backend with a port that is none" = {
      expr = ingress {
        name = "web";
        hosts."example.org" = "web:70000";
      };
      message = "ingress \"web\": hosts.example.org./ is \"web:70000\", expected a port from 1 to 65535";
    };
    "a kind of path that there isn't" = {
      expr = ingress {
        name = "web";
        hosts."example.org"."/" = {
          backend = "web:80";
          pathType = "Regex";
        };
      };
      message =
        "ingress \"web\": hosts.example.org./.pathType is \"Regex\", "
        + "expected \"Prefix\" or \"Exact\" or \"ImplementationSpecific\"";
    };
    "a Service with several ports" = {
      expr = ingress {
        name = "web";
        hosts."example.org" = service {
          name = "web";
          ports = {
            a = 1;
            b = 2;
          };
        };
      };
      message =
        "ingress \"web\": hosts.example.org./ is Service web with 2 ports, "
        + "expected one of them: \"web:<port>\"";
    };
    "a Service of another namespace" = {
      expr = ingress {
        name = "web";
        namespace = "dev";
        hosts."example.org" = svc;
      };
      message = "ingress \"web\": Service web is in namespace prod, expected it in that of the Ingress, dev";
    };
    "a certificate that is a number" = {
      expr = ingress {
        name = "web";
        hosts."example.org" = "web:80";
        tls = 1;
      };
      message = "ingress \"web\": tls is 1, expected true, the name of a Secret, or Kubernetes' list";
    };
    "a name of a certificate with a space" = {
      expr = ingress {
        name = "web";
        hosts."example.org" = "web:80";
        tls = "a b";
      };
      message =
        "ingress \"web\": tls is \"a b\", expected an RFC 1123 subdomain: at most 253 of a-z 0-9 - ., "
        + "each part beginning and ending with a letter or digit";
    };
  };
}
