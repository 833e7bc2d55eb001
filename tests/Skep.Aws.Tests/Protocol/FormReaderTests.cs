using System.Text;
using Skep.Aws.Protocol;

namespace Skep.Aws.Tests.Protocol;

public sealed class FormReaderTests
{
    [Fact]
    public void Reads_dotted_names_as_a_tree()
    {
        var root = Read("Action=Describe&Filter.1.Name=tag%3AName&Filter.1.Value.2=b+c&Filter.1.Value.1=a&Empty=&Bare");
        Assert.Equal("Describe", root.ValueOf("Action"));
        var filter = root.Children!["Filter"].Children!["1"];
        Assert.Equal("tag:Name", filter.ValueOf("Name"));
        Assert.Equal("b c", filter.Children!["Value"].ValueOf("2"));
        Assert.Equal("", root.ValueOf("Empty"));
        Assert.Equal("", root.ValueOf("Bare"));
    }

    [Theory]
    [InlineData("a=%")]
    [InlineData("a=%4")]
    [InlineData("a=%zz")]
    [InlineData("a=%ff%fe")]
    [InlineData("a=%ed%a0%80")]
    [InlineData("%c3=1")]
    [InlineData("a..b=1")]
    [InlineData(".a=1")]
    [InlineData("a.=1")]
    [InlineData("=1")]
    [InlineData("a=1&a=2")]
    public void Refuses_what_is_malformed(string form) => Refuses(form);

    [Fact]
    public void Refuses_names_that_are_too_deep_or_too_long()
    {
        Read(string.Join('.', Enumerable.Repeat("a", FormReader.DepthMax)) + "=1");
        Refuses(string.Join('.', Enumerable.Repeat("a", FormReader.DepthMax + 1)) + "=1");
        Refuses(string.Join('.', Enumerable.Repeat("a", 100_000)) + "=1");
        Refuses(new string('a', FormReader.NameLengthMax + 1) + "=1");
    }

    [Fact]
    public void Refuses_more_parameters_than_any_request_needs()
    {
        Read(string.Join('&', Enumerable.Range(0, FormReader.ParametersMax).Select(i => $"a.{i}=1")));
        Refuses(string.Join('&', Enumerable.Range(0, FormReader.ParametersMax + 1).Select(i => $"a.{i}=1")));
    }

    [Fact]
    public void Any_bytes_are_read_or_refused()
    {
        var random = new Random(7);
        var alphabet = "aA1.&=%+fF9\u00e4"u8.ToArray();
        for (var round = 0; round < 20_000; round++)
        {
            var bytes = new byte[random.Next(24)];
            for (var i = 0; i < bytes.Length; i++)
                bytes[i] = alphabet[random.Next(alphabet.Length)];
            try
            {
                FormReader.Read(bytes, new FormNode());
            }
            catch (AwsException ex)
            {
                Assert.Equal("MalformedQueryString", ex.Code);
            }
        }
    }

    private static FormNode Read(string form)
    {
        var root = new FormNode();
        FormReader.Read(Encoding.UTF8.GetBytes(form), root);
        return root;
    }

    private static void Refuses(string form) =>
        Assert.Equal("MalformedQueryString", Assert.Throws<AwsException>(() => Read(form)).Code);
}
