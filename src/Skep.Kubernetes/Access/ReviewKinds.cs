namespace Skep.Kubernetes.Access;

/// <summary>A kind that is only ever posted and answered: a question, not a resource.</summary>
internal sealed record ReviewKind(string Group, string Version, string Name, string Plural)
{
    /// <summary>"group/version".</summary>
    public string ApiVersion => $"{Group}/{Version}";
}

/// <summary>The questions that principals may ask about themselves.</summary>
internal static class ReviewKinds
{
    public static readonly ReviewKind SelfSubjectReview = new("authentication.k8s.io", "v1", "SelfSubjectReview", "selfsubjectreviews");
    public static readonly ReviewKind SelfSubjectAccessReview = new("authorization.k8s.io", "v1", "SelfSubjectAccessReview", "selfsubjectaccessreviews");
    public static readonly ReviewKind SelfSubjectRulesReview = new("authorization.k8s.io", "v1", "SelfSubjectRulesReview", "selfsubjectrulesreviews");

    public static IReadOnlyList<ReviewKind> All { get; } = [SelfSubjectReview, SelfSubjectAccessReview, SelfSubjectRulesReview];

    /// <summary>Finds a review by its path.</summary>
    public static ReviewKind? Find(string group, string version, string plural) =>
        All.FirstOrDefault(r => r.Group == group && r.Version == version && r.Plural == plural);
}
