using Skep.Kubernetes.Errors;
using Skep.Kubernetes.Selectors;

namespace Skep.Kubernetes.Tests.Selectors;

public sealed class LabelSelectorTests
{
    private static readonly Dictionary<string, string> _labels = new() { ["app"] = "web", ["tier"] = "front", ["example.org/empty"] = "" };

    [Theory]
    [InlineData("", true)]
    [InlineData("   ", true)]
    [InlineData("app=web", true)]
    [InlineData("app==web", true)]
    [InlineData(" app = web , tier = front ", true)]
    [InlineData("app=db", false)]
    [InlineData("app!=db", true)]
    [InlineData("app!=web", false)]
    [InlineData("missing!=web", true)]
    [InlineData("app in (web,db)", true)]
    [InlineData("app in (db)", false)]
    [InlineData("missing in (web)", false)]
    [InlineData("app notin (db)", true)]
    [InlineData("app notin (web, db)", false)]
    [InlineData("missing notin (web)", true)]
    [InlineData("app", true)]
    [InlineData("missing", false)]
    [InlineData("!missing", true)]
    [InlineData("! app", false)]
    [InlineData("example.org/empty=", true)]
    [InlineData("example.org/empty in ()", true)]
    [InlineData("app,!missing,tier in (front)", true)]
    public void Matches_as_Kubernetes_documents(string selector, bool expected) =>
        Assert.Equal(expected, LabelSelector.Parse(selector).Matches(_labels));

    [Fact]
    public void Objects_without_labels_match_only_what_asks_for_absence()
    {
        Assert.True(LabelSelector.Parse("!a,b!=c").Matches(null));
        Assert.False(LabelSelector.Parse("a").Matches(null));
    }

    [Theory]
    [InlineData("=web")]
    [InlineData("app=web,")]
    [InlineData(",app")]
    [InlineData("app in web")]
    [InlineData("app in (web")]
    [InlineData("app=web db")]
    [InlineData("app within (x)")]
    [InlineData("-app=web")]
    [InlineData("app=we b")]
    [InlineData("app=wéb")]
    [InlineData("a/b/c=d")]
    [InlineData("!!app")]
    [InlineData("app>1")]
    public void Refuses_what_it_cannot_parse(string selector) =>
        Assert.Equal(400, Assert.Throws<ApiException>(() => LabelSelector.Parse(selector)).Code);

    [Fact]
    public void Refuses_absurd_sizes()
    {
        Assert.Throws<ApiException>(() => LabelSelector.Parse(new string('a', 20_000)));
        Assert.Throws<ApiException>(() => LabelSelector.Parse(string.Join(',', Enumerable.Repeat("a", 300))));
        Assert.Throws<ApiException>(() => LabelSelector.Parse($"a in ({string.Join(',', Enumerable.Range(0, 1_100))})"));
        Assert.Throws<ApiException>(() => LabelSelector.Parse("a=" + new string('x', 64)));
    }
}
