# Cases of service.
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
in
{
  gives = {
    "the least" = {
      expr = service {
        name = "web";
        ports = [ 80 ];
      };
      expected = {
        apiVersion = "v1";
        kind = "Service";
        metadata.name = "web";
        spec = {
          ports = [ { port = 80; } ];
          selector."app.kubernetes.io/name" = "web";
        };
      };
    };
    "all that it has" = {
      expr = service {
        name = "web";
        namespace = "prod";
        labels.a = "b";
        type = "NodePort";
        sessionAffinity = "ClientIP";
        externalTrafficPolicy = "Local";
        internalTrafficPolicy = "Cluster";
        ipFamilyPolicy = "SingleStack";
        selector.app = "web";
        ports = {
          http = {
            port = 80;
            targetPort = 8080;
            nodePort = 30080;
          };
          dns = "53/udp";
        };
      };
      expected = {
        apiVersion = "v1";
        kind = "Service";
        metadata = {
          labels.a = "b";
          name = "web";
          namespace = "prod";
        };
        spec = {
          externalTrafficPolicy = "Local";
          internalTrafficPolicy = "Cluster";
          ipFamilyPolicy = "SingleStack";
          ports = [
            {
              name = "dns";
              port = 53;
              protocol = "UDP";
            }
            {
              name = "http";
              nodePort = 30080;
              port = 80;
              targetPort = 8080;
            }
          ];
          selector.app = "web";
          sessionAffinity = "ClientIP";
          type = "NodePort";
        };
      };
    };
    "a workload: its selector, ports and namespace" = {
      expr = service {
        name = "web";
        for = web;
      };
      expected = {
        apiVersion = "v1";
        kind = "Service";
        metadata = {
          name = "web";
          namespace = "prod";
        };
        spec = {
          ports = [
            {
              name = "http";
              port = 8080;
              targetPort = "http";
            }
          ];
          selector."app.kubernetes.io/name" = "web";
        };
      };
    };
    "a port of the workload under another number" = {
      expr =
        (service {
          name = "web";
          for = web;
          ports.http = 80;
        }).spec.ports;
      expected = [
        {
          name = "http";
          port = 80;
          targetPort = "http";
        }
      ];
    };
    "a Pod with labels" = {
      expr = service {
        name = "web";
        for = pod {
          name = "web";
          labels.app = "web";
          containers.web = {
            image = "web:1";
            ports = [ "53/udp" ];
          };
        };
      };
      expected = {
        apiVersion = "v1";
        kind = "Service";
        metadata.name = "web";
        spec = {
          ports = [
            {
              port = 53;
              protocol = "UDP";
            }
          ];
          selector.app = "web";
        };
      };
    };
    "headless, without ports" = {
      expr = service {
        name = "db";
        clusterIP = "None";
      };
      expected = {
        apiVersion = "v1";
        kind = "Service";
        metadata.name = "db";
        spec = {
          clusterIP = "None";
          selector."app.kubernetes.io/name" = "db";
        };
      };
    };
    "without Pods" = {
      expr =
        (service {
          name = "db";
          ports.db = 5432;
          selector = null;
        }).spec;
      expected = {
        ports = [
          {
            name = "db";
            port = 5432;
          }
        ];
      };
    };
    "a name elsewhere" = {
      expr = service {
        name = "db";
        type = "ExternalName";
        externalName = "db.example.org";
      };
      expected = {
        apiVersion = "v1";
        kind = "Service";
        metadata.name = "db";
        spec = {
          externalName = "db.example.org";
          type = "ExternalName";
        };
      };
    };
    "one port with two protocols" = {
      expr =
        (service {
          name = "dns";
          ports = {
            dns = "53/udp";
            dns-tcp = 53;
          };
        }).spec.ports;
      expected = [
        {
          name = "dns";
          port = 53;
          protocol = "UDP";
        }
        {
          name = "dns-tcp";
          port = 53;
        }
      ];
    };
  };
  refuses = {
    "no name" = {
      expr = service { ports = [ 80 ]; };
      message = "service: name is missing";
    };
    "a name that begins with a digit" = {
      expr = service {
        name = "1web";
        ports = [ 80 ];
      };
      message =
        "service \"1web\": name is \"1web\", "
        + "expected an RFC 1035 label: at most 63 of a-z 0-9 -, beginning with a letter, "
        + "ending with a letter or digit";
    };
    "a name with a dot" = {
      expr = service {
        name = "a.b";
        ports = [ 80 ];
      };
      message =
        "service \"a.b\": name is \"a.b\", expected an RFC 1035 label: at most 63 of a-z 0-9 -, "
        + "beginning with a letter, ending with a letter or digit";
    };
    "no ports" = {
      expr = service { name = "web"; };
      message = "service \"web\": ports is empty, expected at least one, such as { http = 80; }";
    };
    "a port that is none" = {
      expr = service {
        name = "web";
        ports.http = 0;
      };
      message =
        "service \"web\": ports.http is 0, "
        + "expected a port from 1 to 65535, with a protocol if not tcp: 8080, \"53/udp\", \"9000/sctp\"";
    };
    "a port in an attribute set that is none" = {
      expr = service {
        name = "web";
        ports.http.port = 65536;
      };
      message = "service \"web\": ports.http.port is 65536, expected a port from 1 to 65535";
    };
    "a port without number" = {
      expr = service {
        name = "web";
        ports.http.targetPort = 80;
      };
      message = "service \"web\": ports.http.port is null, expected a port from 1 to 65535";
    };
    "ports that are a number" = {
      expr = service {
        name = "web";
        ports = 80;
      };
      message = "service \"web\": ports is 80, expected an attribute set, name to port, or a list";
    };
    "several ports without names" = {
      expr = service {
        name = "web";
        ports = [
          80
          443
        ];
      };
      message =
        "service \"web\": ports has 80 without a name, "
        + "expected `ports = { http = 80; ... }` where there are several";
    };
    "a name of a port with a dot" = {
      expr = service {
        name = "web";
        ports."a.b" = 80;
      };
      message =
        "service \"web\": a name in ports is \"a.b\", "
        + "expected an RFC 1123 label: at most 63 of a-z 0-9 -, "
        + "beginning and ending with a letter or digit";
    };
    "a name in a list with a dot" = {
      expr = service {
        name = "web";
        ports = [
          {
            name = "A";
            port = 80;
          }
        ];
      };
      message =
        "service \"web\": a name in ports is \"A\", "
        + "expected an RFC 1123 label: at most 63 of a-z 0-9 -, "
        + "beginning and ending with a letter or digit";
    };
    "a port twice" = {
      expr = service {
        name = "web";
        ports = {
          a = 80;
          b = 80;
        };
      };
      message = "service \"web\": ports has \"80/TCP\" twice";
    };
    "a name twice" = {
      expr = service {
        name = "web";
        ports = [
          {
            name = "a";
            port = 80;
          }
          {
            name = "a";
            port = 81;
          }
        ];
      };
      message = "service \"web\": ports has \"a\" twice";
    };
    "a port of the node inside the cluster" = {
      expr = service {
        name = "web";
        ports.http = {
          port = 80;
          nodePort = 30080;
        };
      };
      message = "service \"web\": nodePort is given, and type is \"ClusterIP\", expected type = \"NodePort\"";
    };
    "a type that there isn't" = {
      expr = service {
        name = "web";
        type = "Internal";
        ports = [ 80 ];
      };
      message =
        "service \"web\": type is \"Internal\", "
        + "expected \"ClusterIP\" or \"NodePort\" or \"LoadBalancer\" or \"ExternalName\"";
    };
    "a name elsewhere that isn't said" = {
      expr = service {
        name = "web";
        type = "ExternalName";
      };
      message = "service \"web\": externalName is missing, which type \"ExternalName\" wants";
    };
    "a target that the workload hasn't" = {
      expr = service {
        name = "web";
        for = web;
        ports.http = {
          port = 80;
          targetPort = "htpp";
        };
      };
      message =
        "service \"web\": targetPort of port 80 is \"htpp\", "
        + "expected a port of Deployment web, which has: http (8080)";
    };
    "for a Job" = {
      expr = service {
        name = "web";
        for = job {
          name = "a";
          containers.a.image = "b";
        };
      };
      message =
        "service \"web\": for is a Job, expected a Deployment, StatefulSet, "
        + "DaemonSet or Pod that this library made";
    };
    "for a name" = {
      expr = service {
        name = "web";
        for = "web";
      };
      message =
        "service \"web\": for is \"web\", expected a Deployment, StatefulSet, "
        + "DaemonSet or Pod that this library made";
    };
    "for a Pod without labels" = {
      expr = service {
        name = "web";
        for = pod {
          name = "web";
          containers.web.image = "web:1";
        };
        ports = [ 80 ];
      };
      message =
        "service \"web\": for is a Pod whose Pods have no labels, "
        + "expected labels that the Service can find them by";
    };
    "a selector that is a string" = {
      expr = service {
        name = "web";
        selector = "web";
        ports = [ 80 ];
      };
      message = "service \"web\": selector is \"web\", expected an attribute set of strings";
    };
  };
  warns = {
    "a number that no container has" = {
      expr = service {
        name = "web";
        for = web;
        ports = [ 80 ];
      };
      warnings = [
        (
          "warning: service \"web\": port 80 leads to 80, "
          + "expected a port of Deployment web, which has: http (8080)"
        )
      ];
    };
    "nothing, where containers have no ports" = {
      expr = service {
        name = "web";
        for = deployment {
          name = "web";
          containers.web.image = "web:1";
        };
        ports = [ 80 ];
      };
      warnings = [ ];
    };
  };
}
