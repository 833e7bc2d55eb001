using System.Text;
using Skep.S3.Errors;
using Skep.S3.Xml;

namespace Skep.S3.Tests.Xml;

public sealed class XmlDocumentReaderTests
{
    [Fact]
    public void Reads_elements_and_forgets_namespaces()
    {
        var root = Read("""
            <?xml version="1.0"?>
            <!-- a comment -->
            <Delete xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Quiet>true</Quiet>
              <Object><Key> a &amp; b </Key></Object><Object><Key><![CDATA[<c>]]></Key></Object><Empty/></Delete>
            """);
        Assert.Equal("Delete", root.Name);
        Assert.Equal("true", root.Value("Quiet"));
        Assert.Equal([" a & b ", "<c>"], root.All("Object").Select(o => o.Value("Key")));
        Assert.Equal("", root.Value("Empty"));
        Assert.Null(root["Missing"]);
    }

    [Theory]
    [InlineData("")]
    [InlineData("not xml")]
    [InlineData("<a>")]
    [InlineData("<a></b>")]
    [InlineData("<!DOCTYPE a [<!ENTITY x \"y\">]><a>&x;</a>")]
    [InlineData("<!DOCTYPE a SYSTEM \"file:///etc/passwd\"><a/>")]
    [InlineData("<a>&unknown;</a>")]
    public void Refuses_what_is_no_plain_document(string text) =>
        Assert.Equal("MalformedXML", Assert.Throws<S3Exception>(() => Read(text)).Code);

    [Fact]
    public void Is_bounded_in_depth() =>
        Assert.Throws<S3Exception>(() => Read(string.Concat(Enumerable.Repeat("<a>", 17)) + string.Concat(Enumerable.Repeat("</a>", 17))));

    [Fact]
    public void Is_bounded_in_elements() =>
        Assert.Throws<S3Exception>(() => Read("<r>" + string.Concat(Enumerable.Repeat("<a/>", 120_001)) + "</r>"));

    [Fact]
    public void Reads_what_the_writer_wrote()
    {
        var random = Seed.NewRandom();
        for (var i = 0; i < 500; i++)
        {
            // What XML 1.0 has no characters for goes percent-encoded.
            var text = string.Concat(Seed.NewKey(random).Where(c => c is '\t' or '\n' or >= ' '));
            var root = XmlDocumentReader.Read(new S3Xml("R").Open("E", new KeyValuePair<string, string>("type", "T")).Element("K", text).Close().Element("N", i).Finish());
            Assert.Equal(text.ReplaceLineEndings("\n"), root["E"]!.Value("K"));
            Assert.Equal(i.ToString(), root.Value("N"));
        }
    }

    private static XmlElement Read(string text) => XmlDocumentReader.Read(Encoding.UTF8.GetBytes(text));
}
