using Skep.Objects;
using Skep.S3.Lifecycle;

namespace Skep.S3.Tests.Lifecycle;

public sealed class LifecycleRulesTests
{
    private static readonly DateTimeOffset _noon = new(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);

    [Fact]
    public void Days_end_at_the_next_midnight()
    {
        var midnight = new DateTimeOffset(2026, 3, 3, 0, 0, 0, TimeSpan.Zero);
        Assert.Equal(midnight, LifecycleClock.Calendar.Due(_noon, 1));
        Assert.Equal(midnight, LifecycleClock.Calendar.Due(_noon.AddHours(12), 1)); // midnight itself
        Assert.Equal(midnight, LifecycleClock.Calendar.Due(_noon.ToOffset(TimeSpan.FromHours(11)), 1));
        Assert.Equal(DateTimeOffset.MaxValue, LifecycleClock.Calendar.Due(_noon, int.MaxValue));
        Assert.Equal(_noon.AddSeconds(20), new LifecycleClock(TimeSpan.FromSeconds(10)).Due(_noon, 2));
    }

    [Fact]
    public void Of_overlapping_rules_the_soonest_counts()
    {
        var rules = LifecycleWorld.Rules(
            "<Filter><Prefix></Prefix></Filter><Expiration><Days>30</Days></Expiration>",
            "<Filter><Prefix>tmp/</Prefix></Filter><Expiration><Days>2</Days></Expiration>",
            "<Filter><Prefix>tmp/</Prefix></Filter><Expiration><Date>2026-03-02T00:00:00Z</Date></Expiration>");
        Assert.Equal("r3", rules.Expiration(Version("tmp/a"), LifecycleClock.Calendar)!.Value.RuleId);
        Assert.Equal("r1", rules.Expiration(Version("other"), LifecycleClock.Calendar)!.Value.RuleId);
    }

    [Fact]
    public void Prefixes_are_looked_at_once()
    {
        var rules = LifecycleWorld.Rules(
            "<Prefix>a/b</Prefix><Expiration><Days>1</Days></Expiration>",
            "<Prefix>a/</Prefix><Expiration><Days>1</Days></Expiration>",
            "<Prefix>c</Prefix><Expiration><Days>1</Days></Expiration>");
        Assert.Equal(["a/", "c"], LifecycleRules.Prefixes(rules.All));
    }

    private static ObjectVersion Version(string key) => new() { Key = key, VersionId = ObjectVersion.NullId, LastModified = _noon, IsLatest = true };
}
