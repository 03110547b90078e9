# Cases of serviceAccount.
{ manifests, ... }:
with manifests;

{
  gives = {
    "the least" = {
      expr = serviceAccount { name = "web"; };
      expected = {
        apiVersion = "v1";
        kind = "ServiceAccount";
        metadata.name = "web";
      };
    };
    "all that it has" = {
      expr = serviceAccount {
        name = "web";
        namespace = "prod";
        automountServiceAccountToken = false;
        imagePullSecrets = [
          "registry"
          { name = "other"; }
          (secret { name = "third"; })
        ];
      };
      expected = {
        apiVersion = "v1";
        automountServiceAccountToken = false;
        imagePullSecrets = [
          { name = "registry"; }
          { name = "other"; }
          { name = "third"; }
        ];
        kind = "ServiceAccount";
        metadata = {
          name = "web";
          namespace = "prod";
        };
      };
    };
  };
  refuses = {
    "no name" = {
      expr = serviceAccount { };
      message = "serviceAccount: name is missing";
    };
    "pull secrets that are a string" = {
      expr = serviceAccount {
        name = "web";
        imagePullSecrets = "registry";
      };
      message = "serviceAccount \"web\": imagePullSecrets is \"registry\", expected a list of names";
    };
    "a pull secret with capitals" = {
      expr = serviceAccount {
        name = "web";
        imagePullSecrets = [ "Registry" ];
      };
      message =
        "serviceAccount \"web\": a name in imagePullSecrets is \"Registry\", "
        + "expected an RFC 1123 subdomain: at most 253 of a-z 0-9 - ., "
        + "each part beginning and ending with a letter or digit";
    };
    "a pull secret that is a ConfigMap" = {
      expr = serviceAccount {
        name = "web";
        imagePullSecrets = [ (configMap { name = "a"; }) ];
      };
      message =
        "serviceAccount \"web\": a name in imagePullSecrets is a ConfigMap, "
        + "expected the name of a Secret, or a Secret that this library made";
    };
  };
}
