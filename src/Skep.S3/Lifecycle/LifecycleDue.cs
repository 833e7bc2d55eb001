namespace Skep.S3.Lifecycle;

/// <summary>When a rule takes something away.</summary>
/// <param name="At">When.</param>
/// <param name="RuleId">Which rule.</param>
internal readonly record struct LifecycleDue(DateTimeOffset At, string RuleId);
