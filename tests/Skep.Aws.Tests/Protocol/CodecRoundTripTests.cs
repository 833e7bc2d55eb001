using System.Text;
using System.Xml.Linq;
using Skep.Aws.Protocol;

namespace Skep.Aws.Tests.Protocol;

public sealed class CodecRoundTripTests
{
    private const int RoundsPerOperation = 40;

    /// <summary>Of the services whose requests are forms.</summary>
    public static TheoryData<string> Operations => [.. ServedOperations.Services.Where(s => s.Protocol is not WireProtocol.RestJson).SelectMany(s => s.Operations.Select(o => $"{s.Name}:{o.Name}"))];

    [Theory]
    [MemberData(nameof(Operations))]
    public void A_request_survives_the_way_through_its_form(string name)
    {
        var (service, operation) = Find(name);
        for (var seed = 0; seed < RoundsPerOperation; seed++)
        {
            var request = new RandomStructures(new Random(seed)).Next(operation.Input!);
            var form = new FormNode();
            FormReader.Read(Encoding.ASCII.GetBytes(FormWriter.Write(request)), form);
            var bound = new RequestBinder(service).Bind(operation.Input!, form);
            Assert.True(Xml(request) == Xml(bound), $"seed {seed}:\n{Xml(request)}\n{Xml(bound)}");
        }
    }

    [Theory]
    [MemberData(nameof(Operations))]
    public void An_answer_survives_the_way_through_its_XML(string name)
    {
        var (service, operation) = Find(name);
        for (var seed = 0; seed < RoundsPerOperation && operation.Output is not null; seed++)
        {
            var answer = new RandomStructures(new Random(seed)).Next(operation.Output);
            var body = ResponseWriter.Body(operation, answer);
            var document = XElement.Parse(Encoding.UTF8.GetString(ResponseWriter.Envelope(service, operation, "the-id", body.Written).Written), LoadOptions.PreserveWhitespace);
            Assert.Equal(service.XmlNamespace, document.Name.NamespaceName);
            Assert.Equal("the-id", document.Descendants().First(e => e.Name.LocalName is "requestId" or "RequestId").Value);
            var inside = service.Protocol is WireProtocol.Ec2 ? document : document.Elements().First();
            var read = XmlReaderByTable.Read(operation.Output, inside);
            Assert.True(Xml(answer) == Xml(read), $"seed {seed}:\n{Xml(answer)}\n{Xml(read)}");
        }
    }

    private static (ServiceModel Service, OperationModel Operation) Find(string name)
    {
        var parts = name.Split(':');
        var service = ServedOperations.Services.Single(s => s.Name == parts[0]);
        return (service, service.Find(parts[1])!);
    }

    private static string Xml(Structure value)
    {
        var xml = new XmlBuffer();
        ResponseWriter.Members(xml, value);
        return Encoding.UTF8.GetString(xml.Written);
    }
}
