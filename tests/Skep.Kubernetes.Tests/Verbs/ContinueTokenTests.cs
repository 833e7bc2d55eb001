using System.Buffers.Text;
using System.Text;
using Skep.Kubernetes.Errors;
using Skep.Kubernetes.Verbs;

namespace Skep.Kubernetes.Tests.Verbs;

public sealed class ContinueTokenTests
{
    [Fact]
    public void Survives_the_way_to_the_client_and_back()
    {
        var token = new ContinueToken(42, "default", "i-1");
        Assert.Equal(token, ContinueToken.Decode(token.Encode()));
    }

    [Theory]
    [InlineData("nonsense")]
    [InlineData("!!!!")]
    [InlineData("{}")]
    [InlineData("""{"v":2,"rv":1,"ns":"","name":"x"}""")]
    [InlineData("""{"v":1,"rv":-1,"ns":"","name":"x"}""")]
    [InlineData("""{"v":1,"rv":"1","ns":"","name":"x"}""")]
    [InlineData("""{"v":1,"rv":1,"ns":[],"name":"x"}""")]
    [InlineData("""{"v":1,"v":1,"rv":1,"ns":"","name":"x"}""")]
    [InlineData("null")]
    public void Refuses_what_it_did_not_make(string text)
    {
        Assert.Equal(400, Assert.Throws<ApiException>(() => ContinueToken.Decode(text)).Code);
        Assert.Equal(400, Assert.Throws<ApiException>(() => ContinueToken.Decode(Base64Url.EncodeToString(Encoding.UTF8.GetBytes(text)))).Code);
    }

    [Fact]
    public void Refuses_absurd_lengths() =>
        Assert.Equal(400, Assert.Throws<ApiException>(() => ContinueToken.Decode(new string('A', 100_000))).Code);
}
