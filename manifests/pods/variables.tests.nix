# Cases of environment variables.
{ manifests, hello, ... }:
with manifests;
let
  env =
    given:
    (builtins.head
      (pod {
        name = "web";
        containers.web = {
          image = "web:1";
          env = given;
        };
      }).spec.containers
    ).env;
  db = secret {
    name = "db";
    plainText = true;
    stringData.password = "x";
  };
in
{
  gives = {
    "values of every type" = {
      expr = env {
        text = "a";
        number = 1;
        half = 0.5;
        yes = true;
        path = /nix/store/00000000000000000000000000000000-web;
        none = "";
      };
      expected = [
        {
          name = "half";
          value = "0.5";
        }
        {
          name = "none";
          value = "";
        }
        {
          name = "number";
          value = "1";
        }
        {
          name = "path";
          value = "/nix/store/00000000000000000000000000000000-web";
        }
        {
          name = "text";
          value = "a";
        }
        {
          name = "yes";
          value = "true";
        }
      ];
    };
    "numbers with all their digits" = {
      expr = env {
        a = 1234567.5;
        b = 1.0;
        c = 0.0000015;
        d = -2.25;
        e = 10000000.0;
        f = 1.0 / 3;
        g = 9007199254740993;
      };
      expected = [
        {
          name = "a";
          value = "1234567.5";
        }
        {
          name = "b";
          value = "1";
        }
        {
          name = "c";
          value = "0.0000015";
        }
        {
          name = "d";
          value = "-2.25";
        }
        {
          name = "e";
          value = "10000000";
        }
        {
          name = "f";
          value = "0.3333333333333333";
        }
        {
          name = "g";
          value = "9007199254740993";
        }
      ];
    };
    "as Kubernetes has them, in their order" = {
      expr = env [
        {
          name = "B";
          value = 1;
        }
        {
          name = "A";
          valueFrom.fieldRef.fieldPath = "x";
        }
        { name = "C"; }
      ];
      expected = [
        {
          name = "B";
          value = "1";
        }
        {
          name = "A";
          valueFrom.fieldRef.fieldPath = "x";
        }
        { name = "C"; }
      ];
    };
    "from a Secret and a ConfigMap" = {
      expr = env {
        password = {
          secret = db;
        };
        USER_NAME = {
          secret = "db";
          key = "user";
          optional = true;
        };
        LEVEL = {
          configMap = "web";
          key = "level";
        };
      };
      expected = [
        {
          name = "LEVEL";
          valueFrom.configMapKeyRef = {
            key = "level";
            name = "web";
          };
        }
        {
          name = "USER_NAME";
          valueFrom.secretKeyRef = {
            key = "user";
            name = "db";
            optional = true;
          };
        }
        {
          name = "password";
          valueFrom.secretKeyRef = {
            key = "password";
            name = "db";
          };
        }
      ];
    };
    "a very long one" = {
      expr =
        builtins.stringLength
          (builtins.head (env {
            A = builtins.foldl' (text: _: text + text) "$(B)://" (builtins.genList (i: i) 18);
          })).value;
      expected = 1835008;
    };
    "from the Pod itself" = {
      expr = env { IP.field = "status.podIP"; };
      expected = [
        {
          name = "IP";
          valueFrom.fieldRef.fieldPath = "status.podIP";
        }
      ];
    };
    "those that name others stand behind them" = {
      expr = env {
        A_URL = "http://$(HOST):$(PORT)/$(OTHER)";
        B = "$(A_URL)x";
        HOST = "h";
        PORT = 1;
      };
      expected = [
        {
          name = "HOST";
          value = "h";
        }
        {
          name = "PORT";
          value = "1";
        }
        {
          name = "A_URL";
          value = "http://$(HOST):$(PORT)/$(OTHER)";
        }
        {
          name = "B";
          value = "$(A_URL)x";
        }
      ];
    };
    "those that name each other" = {
      expr = map (item: item.name) (env {
        A = "$(B)";
        B = "$(A)";
      });
      expected = [
        "B"
        "A"
      ];
    };
  };
  refuses = {
    "a name with =" = {
      expr = env { "A=" = 1; };
      message =
        "pod \"web\": a name in containers.web.env is \"A=\", "
        + "expected one that isn't empty and has no `=`";
    };
    "a number that Nix would cut" = {
      expr = env { A = 0.30000000000000004; };
      message =
        "pod \"web\": containers.web.env.A is 0.3, "
        + "expected a string with all its digits: Nix writes six digits of a fraction";
    };
    "a value that is null" = {
      expr = env { A = null; };
      message =
        "pod \"web\": containers.web.env.A is null, "
        + "expected a string, a number, a boolean, a path or a derivation";
    };
    "a value that is a list" = {
      expr = env { A = [ ]; };
      message =
        "pod \"web\": containers.web.env.A is a list, "
        + "expected a string, a number, a boolean, a path or a derivation";
    };
    "a set that says nothing" = {
      expr = env { A = { }; };
      message =
        "pod \"web\": containers.web.env.A is an attribute set, "
        + "expected a value, { secret = \"...\"; key = \"...\"; }, { configMap = \"...\"; key = \"...\"; }, "
        + "{ field = \"status.podIP\"; } or Kubernetes' { valueFrom = ...; }";
    };
    "a set that says something else" = {
      expr = env { A.secretRef = "x"; };
      message =
        "pod \"web\": containers.web.env.A is an attribute set, "
        + "expected a value, { secret = \"...\"; key = \"...\"; }, { configMap = \"...\"; key = \"...\"; }, "
        + "{ field = \"status.podIP\"; } or Kubernetes' { valueFrom = ...; }";
    };
    "something beside the secret" = {
      expr = env {
        A = {
          secret = "db";
          value = "x";
        };
      };
      message = "pod \"web\": containers.web.env.A has value beside secret, expected key and optional only";
    };
    "a key that the Secret hasn't" = {
      expr = env {
        A = {
          secret = db;
          key = "pass";
        };
      };
      message =
        "pod \"web\": containers.web.env.A.key is \"pass\", "
        + "expected a key of Secret db, there are: password";
    };
    "a ConfigMap where a Secret belongs" = {
      expr = env {
        data = {
          secret = configMap {
            name = "a";
            data.data = "b";
          };
        };
      };
      message =
        "pod \"web\": containers.web.env.data.secret is a ConfigMap, "
        + "expected the name of a Secret, or a Secret that this library made";
    };
    "a name twice" = {
      expr = env [
        {
          name = "A";
          value = "1";
        }
        {
          name = "A";
          value = "2";
        }
      ];
      message = "pod \"web\": containers.web.env has \"A\" twice";
    };
    "a list of strings" = {
      expr = env [ "A=1" ];
      message =
        "pod \"web\": an item of containers.web.env is \"A=1\", "
        + "expected an attribute set with `name` in it";
    };
    "a derivation" = {
      expr = env hello;
      message =
        "pod \"web\": containers.web.env is a derivation, "
        + "expected an attribute set by name, or Kubernetes' list";
    };
  };
  warns = {
    "secrets by their names" = {
      expr = env {
        DB_PASSWORD = "a";
        AWS_SECRET_ACCESS_KEY = "b";
      };
      warnings = [
        (
          "warning: pod \"web\": containers.web.env.AWS_SECRET_ACCESS_KEY is in plain text, "
          + "expected { secret = \"<Secret>\"; key = \"...\"; }, if it is a secret"
        )
        (
          "warning: pod \"web\": containers.web.env.DB_PASSWORD is in plain text, "
          + "expected { secret = \"<Secret>\"; key = \"...\"; }, if it is a secret"
        )
      ];
    };
    "a secret in a list" = {
      expr = env [
        {
          name = "API_TOKEN";
          value = "a";
        }
      ];
      warnings = [
        (
          "warning: pod \"web\": containers.web.env.API_TOKEN is in plain text, "
          + "expected { secret = \"<Secret>\"; key = \"...\"; }, if it is a secret"
        )
      ];
    };
    "a password in a URL" = {
      expr = env { DATABASE_URL = "postgres://web:geheim@db/web"; };
      warnings = [
        (
          "warning: pod \"web\": containers.web.env.DATABASE_URL is in plain text, "
          + "expected { secret = \"<Secret>\"; key = \"...\"; }, if it is a secret"
        )
      ];
    };
    "nothing, where the password is another variable" = {
      expr = env {
        DATABASE_URL = "postgres://web:$(DB_PASSWORD)@db/web";
        DB_PASSWORD = {
          secret = "db";
          key = "password";
        };
      };
      warnings = [ ];
    };
    "nothing, where the secret is empty or a file" = {
      expr = env {
        TOKEN = "";
        DB_PASSWORD_FILE = "/run/secret";
      };
      warnings = [ ];
    };
  };
}
