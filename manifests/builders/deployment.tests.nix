# Cases of deployment.
{ manifests, hello, ... }:
with manifests;

{
  gives = {
    "the least" = {
      expr = deployment {
        name = "web";
        containers.web.image = "web:1";
      };
      expected = {
        apiVersion = "apps/v1";
        kind = "Deployment";
        metadata = {
          labels."app.kubernetes.io/name" = "web";
          name = "web";
        };
        spec = {
          selector.matchLabels."app.kubernetes.io/name" = "web";
          template = {
            metadata.labels."app.kubernetes.io/name" = "web";
            spec.containers = [
              {
                image = "web:1";
                imagePullPolicy = "IfNotPresent";
                name = "web";
              }
            ];
          };
        };
      };
    };
    "all that it has" = {
      expr = deployment {
        name = "web";
        namespace = "prod";
        labels = {
          tier = "front";
        };
        annotations."example.org/why" = "because";
        podLabels.colour = "blue";
        podAnnotations."prometheus.io/scrape" = "true";
        metadata.finalizers = [ "example.org/last" ];
        replicas = 3;
        strategy = {
          type = "RollingUpdate";
          rollingUpdate.maxSurge = "50%";
        };
        minReadySeconds = 5;
        progressDeadlineSeconds = 60;
        revisionHistoryLimit = 2;
        paused = true;
        serviceAccountName = "web";
        nodeSelector."kubernetes.io/arch" = "amd64";
        terminationGracePeriodSeconds = 10;
        containers.web = {
          image = "web:1";
          ports.http = 80;
        };
      };
      expected = {
        apiVersion = "apps/v1";
        kind = "Deployment";
        metadata = {
          annotations."example.org/why" = "because";
          finalizers = [ "example.org/last" ];
          labels = {
            "app.kubernetes.io/name" = "web";
            tier = "front";
          };
          name = "web";
          namespace = "prod";
        };
        spec = {
          minReadySeconds = 5;
          paused = true;
          progressDeadlineSeconds = 60;
          replicas = 3;
          revisionHistoryLimit = 2;
          selector.matchLabels."app.kubernetes.io/name" = "web";
          strategy = {
            rollingUpdate.maxSurge = "50%";
            type = "RollingUpdate";
          };
          template = {
            metadata = {
              annotations."prometheus.io/scrape" = "true";
              labels = {
                "app.kubernetes.io/name" = "web";
                colour = "blue";
                tier = "front";
              };
            };
            spec = {
              containers = [
                {
                  image = "web:1";
                  imagePullPolicy = "IfNotPresent";
                  name = "web";
                  ports = [
                    {
                      containerPort = 80;
                      name = "http";
                    }
                  ];
                }
              ];
              nodeSelector."kubernetes.io/arch" = "amd64";
              serviceAccountName = "web";
              terminationGracePeriodSeconds = 10;
            };
          };
        };
      };
    };
    "a strategy by its name" = {
      expr =
        (deployment {
          name = "web";
          strategy = "Recreate";
          containers.web.image = "web:1";
        }).spec.strategy;
      expected = {
        type = "Recreate";
      };
    };
    "another name of the application, which the selector follows" = {
      expr =
        let
          d = deployment {
            name = "web";
            labels."app.kubernetes.io/name" = "shop";
            containers.web.image = "web:1";
          };
        in
        {
          inherit (d.metadata) labels;
          inherit (d.spec) selector;
          pods = d.spec.template.metadata.labels;
        };
      expected = {
        labels."app.kubernetes.io/name" = "shop";
        pods."app.kubernetes.io/name" = "shop";
        selector.matchLabels."app.kubernetes.io/name" = "shop";
      };
    };
    "a selector of its own" = {
      expr =
        (deployment {
          name = "web";
          podLabels.app = "x";
          selector.app = "x";
          containers.web.image = "web:1";
        }).spec.selector;
      expected = {
        matchLabels.app = "x";
      };
    };
    "a selector of expressions" = {
      expr =
        (deployment {
          name = "web";
          podLabels.app = "x";
          selector.matchExpressions = [
            {
              key = "app";
              operator = "In";
              values = [
                "x"
                "y"
              ];
            }
            {
              key = "gone";
              operator = "DoesNotExist";
            }
            {
              key = "gone";
              operator = "NotIn";
              values = [ "z" ];
            }
            {
              key = "app";
              operator = "Exists";
            }
          ];
          containers.web.image = "web:1";
        }).spec.selector;
      expected = {
        matchExpressions = [
          {
            key = "app";
            operator = "In";
            values = [
              "x"
              "y"
            ];
          }
          {
            key = "gone";
            operator = "DoesNotExist";
          }
          {
            key = "gone";
            operator = "NotIn";
            values = [ "z" ];
          }
          {
            key = "app";
            operator = "Exists";
          }
        ];
      };
    };
    "null, which says nothing" = {
      expr =
        deployment {
          name = "web";
          namespace = null;
          replicas = null;
          strategy = null;
          labels = null;
          podLabels = null;
          nodeSelector = null;
          selector = null;
          containers.web = {
            image = "web:1";
            command = null;
            env = null;
          };
        } == deployment {
          name = "web";
          containers.web.image = "web:1";
        };
      expected = true;
    };
  };
  refuses = {
    "no name" = {
      expr = deployment { containers.web.image = "web:1"; };
      message = "deployment: name is missing";
    };
    "no containers" = {
      expr = deployment { name = "web"; };
      message = "deployment \"web\": containers is empty, expected at least one container";
    };
    "a name with capitals" = {
      expr = deployment {
        name = "Web";
        containers.web.image = "web:1";
      };
      message =
        "deployment \"Web\": name is \"Web\", "
        + "expected an RFC 1123 subdomain: at most 253 of a-z 0-9 - ., "
        + "each part beginning and ending with a letter or digit";
    };
    "a name that is no label value" = {
      expr = deployment {
        name = (builtins.concatStringsSep "" (builtins.genList (_: "a") 64));
        containers.web.image = "web:1";
      };
      message =
        "deployment: labels.\"app.kubernetes.io/name\" is "
        + "\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\", "
        + "expected a string of at most 63 letters, digits, - _ ., "
        + "beginning and ending with a letter or digit";
    };
    "labels that are a list" = {
      expr = deployment {
        name = "web";
        labels = [ ];
        containers.web.image = "web:1";
      };
      message = "deployment \"web\": labels is a list, expected an attribute set of strings";
    };
    "a label value with a space" = {
      expr = deployment {
        name = "web";
        podLabels.a = "b c";
        containers.web.image = "web:1";
      };
      message =
        "deployment \"web\": podLabels.\"a\" is \"b c\", "
        + "expected a string of at most 63 letters, digits, - _ ., "
        + "beginning and ending with a letter or digit";
    };
    "an annotation that is a number" = {
      expr = deployment {
        name = "web";
        podAnnotations."prometheus.io/port" = 9090;
        containers.web.image = "web:1";
      };
      message = "deployment \"web\": podAnnotations.\"prometheus.io/port\" is 9090, expected a string";
    };
    "podLabels that are a derivation" = {
      expr = deployment {
        name = "web";
        podLabels = hello;
        containers.web.image = "web:1";
      };
      message = "deployment \"web\": podLabels is a derivation, expected an attribute set of strings";
    };
    "replicas below 0" = {
      expr = deployment {
        name = "web";
        replicas = -1;
        containers.web.image = "web:1";
      };
      message = "deployment \"web\": replicas is -1, expected a number from 0 on";
    };
    "replicas in a string" = {
      expr = deployment {
        name = "web";
        replicas = "3";
        containers.web.image = "web:1";
      };
      message = "deployment \"web\": replicas is \"3\", expected a number from 0 on";
    };
    "a strategy that is another kind's" = {
      expr = deployment {
        name = "web";
        strategy = "OnDelete";
        containers.web.image = "web:1";
      };
      message = "deployment \"web\": strategy is \"OnDelete\", expected \"RollingUpdate\" or \"Recreate\"";
    };
    "a strategy whose type is another kind's" = {
      expr = deployment {
        name = "web";
        strategy.type = "OnDelete";
        containers.web.image = "web:1";
      };
      message = "deployment \"web\": strategy.type is \"OnDelete\", expected \"RollingUpdate\" or \"Recreate\"";
    };
    "a strategy that is a number" = {
      expr = deployment {
        name = "web";
        strategy = 1;
        containers.web.image = "web:1";
      };
      message =
        "deployment \"web\": strategy is 1, "
        + "expected \"RollingUpdate\" or \"Recreate\", or an attribute set with `type` in it";
    };
    "a restart policy that Deployments haven't" = {
      expr = deployment {
        name = "web";
        restartPolicy = "Never";
        containers.web.image = "web:1";
      };
      message = "deployment \"web\": restartPolicy is \"Never\", expected \"Always\"";
    };
    "a deadline for Pods that don't end" = {
      expr = deployment {
        name = "web";
        activeDeadlineSeconds = 5;
        containers.web.image = "web:1";
      };
      message =
        "deployment \"web\": activeDeadlineSeconds is given, "
        + "expected it of Pods that end: those of a Job or a CronJob";
    };
    "a selector that doesn't match" = {
      expr = deployment {
        name = "web";
        selector.app = "other";
        containers.web.image = "web:1";
      };
      message =
        "deployment \"web\": selector.matchLabels.\"app\" is \"other\", "
        + "expected what the labels of the Pods say: app.kubernetes.io/name=web";
    };
    "an expression that doesn't hold" = {
      expr = deployment {
        name = "web";
        selector.matchExpressions = [
          {
            key = "app";
            operator = "Exists";
          }
        ];
        containers.web.image = "web:1";
      };
      message =
        "deployment \"web\": selector.matchExpressions for \"app\" doesn't hold for the labels of the "
        + "Pods, which are: app.kubernetes.io/name=web";
    };
    "an operator that there isn't" = {
      expr = deployment {
        name = "web";
        selector.matchExpressions = [
          {
            key = "app";
            operator = "Is";
          }
        ];
        containers.web.image = "web:1";
      };
      message =
        "deployment \"web\": selector.matchExpressions.app.operator is \"Is\", "
        + "expected In, NotIn, Exists or DoesNotExist";
    };
    "a selector that is a string" = {
      expr = deployment {
        name = "web";
        selector = "web";
        containers.web.image = "web:1";
      };
      message =
        "deployment \"web\": selector is \"web\", "
        + "expected an attribute set: labels, or matchLabels and matchExpressions";
    };
    "a selector that is empty" = {
      expr = deployment {
        name = "web";
        selector = { };
        containers.web.image = "web:1";
      };
      message = "deployment \"web\": selector is empty, expected labels of the Pods";
    };
    "a template" = {
      expr = deployment {
        name = "web";
        template = { };
      };
      message =
        "deployment \"web\": template isn't an argument, "
        + "expected name, namespace, labels, annotations, "
        + "the fields of the workload and those of PodSpec";
    };
    "a spec" = {
      expr = deployment {
        name = "web";
        spec = { };
      };
      message =
        "deployment \"web\": spec isn't an argument, "
        + "expected name, namespace, labels, annotations, "
        + "the fields of the workload and those of PodSpec";
    };
    "a name in metadata" = {
      expr = deployment {
        name = "web";
        metadata.labels = { };
        containers.web.image = "web:1";
      };
      message = "deployment \"web\": metadata.labels is given, expected labels as an argument of its own";
    };
    "something else in metadata" = {
      expr = deployment {
        name = "web";
        metadata.uid = "1";
        containers.web.image = "web:1";
      };
      message = "deployment \"web\": metadata \"uid\" unknown, there are: finalizers, ownerReferences";
    };
  };
}
