# Cases of secret.
{ manifests, ... }:
with manifests;

{
  gives = {
    "the least" = {
      expr = secret { name = "db"; };
      expected = {
        apiVersion = "v1";
        kind = "Secret";
        metadata.name = "db";
        type = "Opaque";
      };
    };
    "all that it has" = {
      expr = secret {
        name = "db";
        namespace = "prod";
        type = "kubernetes.io/tls";
        immutable = true;
        plainText = true;
        data."tls.crt" = "AAEC";
        stringData."tls.key" = "key";
      };
      expected = {
        apiVersion = "v1";
        data."tls.crt" = "AAEC";
        immutable = true;
        kind = "Secret";
        metadata = {
          name = "db";
          namespace = "prod";
        };
        stringData."tls.key" = "key";
        type = "kubernetes.io/tls";
      };
    };
  };
  refuses = {
    "no name" = {
      expr = secret {
        plainText = true;
        stringData.a = "b";
      };
      message = "secret: name is missing";
    };
    "data that is a string" = {
      expr = secret {
        name = "db";
        data = "a";
      };
      message = "secret \"db\": data is \"a\", expected an attribute set, key to text";
    };
    "a key with a space" = {
      expr = secret {
        name = "db";
        stringData."a b" = "c";
      };
      message =
        "secret \"db\": a name in stringData is \"a b\", "
        + "expected at most 253 letters, digits, - _ ., that isn't . and doesn't begin with ..";
    };
    "a value that is a set" = {
      expr = secret {
        name = "db";
        stringData.a = { };
      };
      message =
        "secret \"db\": stringData.\"a\" is an attribute set, "
        + "expected a string, a number, a boolean or the path of a file (for JSON: builtins.toJSON)";
    };
    "data that isn't base64" = {
      expr = secret {
        name = "db";
        data.a = "geheim!";
      };
      message = "secret \"db\": data.\"a\" is \"geheim!\", expected base64, as Kubernetes keeps it";
    };
    "a certificate without key" = {
      expr = secret {
        name = "db";
        type = "kubernetes.io/tls";
        plainText = true;
        stringData."tls.crt" = "a";
      };
      message = "secret \"db\": stringData has no tls.key, which type kubernetes.io/tls wants";
    };
    "a key that is in both" = {
      expr = secret {
        name = "db";
        data.a = "AAEC";
        stringData.a = "b";
      };
      message = "secret \"db\": \"a\" is both in data and in stringData";
    };
  };
  warns = {
    "plain text" = {
      expr = secret {
        name = "db";
        stringData = {
          password = "a";
          user = "b";
        };
      };
      warnings = [
        (
          "warning: secret \"db\": password, user in plain text, readable by all in the Nix store; "
          + "expected a Secret made in the cluster, or plainText = true"
        )
      ];
    };
    "plain text in base64" = {
      expr = secret {
        name = "db";
        data.password = "AAEC";
      };
      warnings = [
        (
          "warning: secret \"db\": password in plain text, readable by all in the Nix store; "
          + "expected a Secret made in the cluster, or plainText = true"
        )
      ];
    };
    "nothing, where that is accepted" = {
      expr = secret {
        name = "db";
        plainText = true;
        stringData.password = "a";
      };
      warnings = [ ];
    };
    "nothing, where nothing is in it" = {
      expr = secret { name = "db"; };
      warnings = [ ];
    };
  };
}
