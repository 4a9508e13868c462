using MiniJit.Coherence.Protocols;
using MiniJit.Runtime.Publication;

namespace MiniJit.Filetests.Tools;

/// <summary>The lab's command about publication plans.</summary>
internal static class PlanTools
{
    /// <summary>Prints the plans.</summary>
    public static int Run(ToolContext context)
    {
        foreach (EnginePlan plan in EnginePlans.All)
        {
            context.Output.Write($"{plan.Name}\n");
            foreach (PublicationStep step in plan.Steps)
            {
                context.Output.Write($"  {step}\n");
            }
        }

        return ExitCode.Success;
    }
}
