namespace Skep.Aws.Generator;

/// <summary>Writes all generated files of src/Skep.Aws.</summary>
internal static class Generation
{
    /// <summary>Folders of services, in the order of the document.</summary>
    private static readonly string[] _services = ["Ec2", "Ebs", "Sts", "Iam"];

    public static void Run(string project, string output, string document)
    {
        Directory.CreateDirectory(output);
        var services = _services.Select(s => ServiceModel.Load(project, s)).ToList();
        foreach (var service in services)
        {
            var graph = new ShapeGraph(service);
            WriteIfChanged(Path.Combine(output, $"{service.Folder}Types.g.cs"), TypesFile.Render(service, graph));
            WriteIfChanged(Path.Combine(output, $"{service.Folder}Service.g.cs"), ServiceFile.Render(service, graph));
        }

        WriteIfChanged(Path.Combine(output, "ServedOperations.g.cs"), RegistryFile.Render(services));
        WriteIfChanged(document, OperationsDocument.Render(services));
    }

    private static void WriteIfChanged(string path, string text)
    {
        if (!File.Exists(path) || File.ReadAllText(path) != text)
            File.WriteAllText(path, text);
    }
}
