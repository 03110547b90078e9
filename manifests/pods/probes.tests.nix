# Cases of probes and hooks.
{ manifests, ... }:
with manifests;

{
  gives = {
    "by number, by name, and without a port" = {
      expr =
        (pod {
          name = "web";
          containers.web = {
            image = "web:1";
            ports.http = 80;
            livenessProbe.httpGet = {
              path = "/";
              port = "http";
            };
            readinessProbe = {
              tcpSocket.port = 81;
              successThreshold = 2;
            };
            startupProbe.exec.command = [ "x" ];
            lifecycle = {
              preStop.sleep.seconds = 1;
              postStart.httpGet.port = "http";
            };
          };
        }).spec.containers;
      expected = [
        {
          image = "web:1";
          imagePullPolicy = "IfNotPresent";
          lifecycle = {
            postStart.httpGet.port = "http";
            preStop.sleep.seconds = 1;
          };
          livenessProbe.httpGet = {
            path = "/";
            port = "http";
          };
          name = "web";
          ports = [
            {
              containerPort = 80;
              name = "http";
            }
          ];
          readinessProbe = {
            successThreshold = 2;
            tcpSocket.port = 81;
          };
          startupProbe.exec.command = [ "x" ];
        }
      ];
    };
    "of gRPC" = {
      expr =
        (pod {
          name = "web";
          containers.web = {
            image = "web:1";
            livenessProbe.grpc.port = 80;
          };
        }).spec.containers;
      expected = [
        {
          image = "web:1";
          imagePullPolicy = "IfNotPresent";
          livenessProbe.grpc.port = 80;
          name = "web";
        }
      ];
    };
  };
  refuses = {
    "a name that no port has" = {
      expr =
        (pod {
          name = "web";
          containers.web = {
            image = "web:1";
            ports.http = 80;
            livenessProbe.httpGet.port = "htpp";
          };
        }).spec.containers;
      message =
        "pod \"web\": containers.web.livenessProbe.httpGet.port is \"htpp\", "
        + "expected a port from 1 to 65535, or the name of a port of the container, which has: http";
    };
    "a name where no port has any" = {
      expr =
        (pod {
          name = "web";
          containers.web = {
            image = "web:1";
            ports = [ 80 ];
            livenessProbe.tcpSocket.port = "http";
          };
        }).spec.containers;
      message =
        "pod \"web\": containers.web.livenessProbe.tcpSocket.port is \"http\", "
        + "expected a port from 1 to 65535, or the name of a port of the container, which names none";
    };
    "a number in a string" = {
      expr =
        (pod {
          name = "web";
          containers.web = {
            image = "web:1";
            ports.http = 80;
            readinessProbe.httpGet.port = "80";
          };
        }).spec.containers;
      message =
        "pod \"web\": containers.web.readinessProbe.httpGet.port is \"80\", "
        + "expected a port from 1 to 65535, or the name of a port of the container, which has: http";
    };
    "a port out of range" = {
      expr =
        (pod {
          name = "web";
          containers.web = {
            image = "web:1";
            startupProbe.httpGet.port = 0;
          };
        }).spec.containers;
      message =
        "pod \"web\": containers.web.startupProbe.httpGet.port is 0, "
        + "expected a port from 1 to 65535, or the name of a port of the container, which names none";
    };
    "no port" = {
      expr =
        (pod {
          name = "web";
          containers.web = {
            image = "web:1";
            livenessProbe.httpGet.path = "/";
          };
        }).spec.containers;
      message = "pod \"web\": containers.web.livenessProbe.httpGet.port is missing";
    };
    "a name for gRPC" = {
      expr =
        (pod {
          name = "web";
          containers.web = {
            image = "web:1";
            ports.grpc = 80;
            livenessProbe.grpc.port = "grpc";
          };
        }).spec.containers;
      message =
        "pod \"web\": containers.web.livenessProbe.grpc.port is \"grpc\", "
        + "expected a port from 1 to 65535, or the name of a port of the container, which names none";
    };
    "nothing to do" = {
      expr =
        (pod {
          name = "web";
          containers.web = {
            image = "web:1";
            livenessProbe.periodSeconds = 5;
          };
        }).spec.containers;
      message =
        "pod \"web\": containers.web.livenessProbe has nothing to do, "
        + "expected one of exec, grpc, httpGet, tcpSocket";
    };
    "two things to do" = {
      expr =
        (pod {
          name = "web";
          containers.web = {
            image = "web:1";
            livenessProbe = {
              httpGet.port = 80;
              exec.command = [ ];
            };
          };
        }).spec.containers;
      message =
        "pod \"web\": containers.web.livenessProbe has exec, httpGet, "
        + "expected one of exec, grpc, httpGet, tcpSocket";
    };
    "several successes where one is enough" = {
      expr =
        (pod {
          name = "web";
          containers.web = {
            image = "web:1";
            livenessProbe = {
              httpGet.port = 80;
              successThreshold = 2;
            };
          };
        }).spec.containers;
      message = "pod \"web\": containers.web.livenessProbe.successThreshold is 2, expected 1, or readinessProbe";
    };
    "a hook with a name that no port has" = {
      expr =
        (pod {
          name = "web";
          containers.web = {
            image = "web:1";
            lifecycle.preStop.httpGet.port = "http";
          };
        }).spec.containers;
      message =
        "pod \"web\": containers.web.lifecycle.preStop.httpGet.port is \"http\", "
        + "expected a port from 1 to 65535, or the name of a port of the container, which names none";
    };
    "a hook that does nothing" = {
      expr =
        (pod {
          name = "web";
          containers.web = {
            image = "web:1";
            lifecycle.postStart = { };
          };
        }).spec.containers;
      message =
        "pod \"web\": containers.web.lifecycle.postStart has nothing to do, "
        + "expected one of exec, httpGet, sleep, tcpSocket";
    };
    "an init container that ends" = {
      expr = pod {
        name = "web";
        containers.web.image = "web:1";
        initContainers.a = {
          image = "b";
          readinessProbe.httpGet.port = 80;
        };
      };
      message =
        "pod \"web\": initContainers.a.readinessProbe is given, "
        + "expected it of containers, or beside restartPolicy = \"Always\", which makes a sidecar";
    };
    "a hook of an init container that ends" = {
      expr = pod {
        name = "web";
        containers.web.image = "web:1";
        initContainers.a = {
          image = "b";
          lifecycle.preStop.sleep.seconds = 1;
        };
      };
      message =
        "pod \"web\": initContainers.a.lifecycle is given, "
        + "expected it of containers, or beside restartPolicy = \"Always\", which makes a sidecar";
    };
  };
}
