# The file that makes a directory one for `kubectl apply -k`, Kustomize, Flux and Argo CD.
#
# It is called `Kustomization`, the third of the names that Kustomize knows: `kubectl apply -f` reads every .yaml of a
# directory, and fails at a `kustomization.yaml`, whose kind no cluster has.
let
  toYAML = import ./yaml.nix;
in
{
  name = "Kustomization";

  # names of files, or of directories with such a file -> text
  text =
    resources:
    # in the order in which people expect these
    "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\n${toYAML { inherit resources; }}";
}
