using Skep.Aws.Generator;

return args switch
{
    ["trim", var model, var operations, var output] => Run(() => ModelTrimmer.Trim(model, operations, output)),
    ["generate", var project, var output, var document] => Run(() => Generation.Run(project, output, document)),
    _ => Usage(),
};

static int Run(Action action)
{
    try
    {
        action();
        return 0;
    }
    catch (GeneratorException ex)
    {
        // The form MSBuild recognises as an error.
        Console.Error.WriteLine($"Skep.Aws.Generator : error SKEPAWS1 : {ex.Message}");
        return 1;
    }
}

static int Usage()
{
    Console.Error.WriteLine(
        """
        usage:
          trim MODEL OPERATIONS OUTPUT     reduce a botocore service-2.json(.gz) to the operations listed in a file
          generate PROJECT OUTPUT DOCUMENT write C# for src/Skep.Aws into OUTPUT, and the list of operations to DOCUMENT
        """);
    return 2;
}
