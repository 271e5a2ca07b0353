/** The syntax tree of a template, and how its parts are shown in errors. Source: Go 1.26, text/template/parse/node.go. */
import { quoteGo } from '../go-quote.ts';

/** `position`: of the source, in UTF-16 units. */
interface Placed {
  readonly position: number;
}

export interface NumberNode extends Placed {
  readonly kind: 'number';
  readonly text: string;
  /** Where the constant is a whole number. */
  readonly int: bigint | undefined;
  readonly float: number;
  /** Written as a float, which decides where no type is asked for. */
  readonly isFloat: boolean;
}

export type Operand =
  | NumberNode
  | (Placed & { readonly kind: 'bool'; readonly value: boolean })
  | (Placed & { readonly kind: 'string'; readonly source: string; readonly text: string })
  | (Placed & { readonly kind: 'nil' })
  | (Placed & { readonly kind: 'dot' })
  | (Placed & { readonly kind: 'identifier'; readonly name: string })
  | FieldNode
  | VariableNode
  | ChainNode
  | PipeNode;

export interface FieldNode extends Placed {
  readonly kind: 'field';
  readonly names: readonly string[];
}

export interface VariableNode extends Placed {
  readonly kind: 'variable';
  /** `$x` and the fields behind it. */
  readonly names: readonly string[];
}

export interface ChainNode extends Placed {
  readonly kind: 'chain';
  readonly operand: Operand;
  readonly names: readonly string[];
}

export interface CommandNode extends Placed {
  readonly kind: 'command';
  readonly args: readonly Operand[];
}

export interface PipeNode extends Placed {
  readonly kind: 'pipe';
  readonly isAssignment: boolean;
  readonly variables: readonly VariableNode[];
  readonly commands: readonly CommandNode[];
}

export interface ListNode extends Placed {
  readonly kind: 'list';
  readonly nodes: readonly Statement[];
}

export interface BranchNode extends Placed {
  readonly kind: 'if' | 'range' | 'with';
  readonly pipe: PipeNode;
  readonly list: ListNode;
  readonly otherwise: ListNode | undefined;
}

export type Statement =
  | (Placed & { readonly kind: 'text'; readonly text: string })
  | (Placed & { readonly kind: 'action'; readonly pipe: PipeNode })
  | JumpNode
  | (Placed & { readonly kind: 'template'; readonly name: string; readonly pipe: PipeNode | undefined })
  | BranchNode;

export interface JumpNode extends Placed {
  readonly kind: 'break' | 'continue';
}

/** What ends a list. */
export interface ListEnd extends Placed {
  readonly kind: 'end' | 'else';
}

export type Node = Operand | CommandNode | Statement | ListNode | ListEnd;

/** As the source would be written. */
export function showNode(node: Node): string {
  switch (node.kind) {
    case 'number':
      return node.text;
    case 'bool':
      return String(node.value);
    case 'string':
      return node.source;
    case 'nil':
      return 'nil';
    case 'dot':
      return '.';
    case 'identifier':
      return node.name;
    case 'field':
      return `.${node.names.join('.')}`;
    case 'variable':
      return node.names.join('.');
    case 'chain':
      return `${showArgument(node.operand)}.${node.names.join('.')}`;
    case 'command':
      return node.args.map(showArgument).join(' ');
    case 'pipe': {
      const names = node.variables.map(showNode).join(', ');
      const declared = node.variables.length === 0 ? '' : `${names} ${node.isAssignment ? '=' : ':='} `;
      return declared + node.commands.map(showNode).join(' | ');
    }
    case 'list':
      return node.nodes.map(showNode).join('');
    case 'text':
      return quoteGo(node.text);
    case 'action':
      return `{{${showNode(node.pipe)}}}`;
    case 'template':
      return `{{template ${quoteGo(node.name)}${node.pipe === undefined ? '' : ` ${showNode(node.pipe)}`}}}`;
    case 'if':
    case 'range':
    case 'with': {
      const otherwise = node.otherwise === undefined ? '' : `{{else}}${showNode(node.otherwise)}`;
      return `{{${node.kind} ${showNode(node.pipe)}}}${showNode(node.list)}${otherwise}{{end}}`;
    }
    default:
      return `{{${node.kind}}}`;
  }
}

function showArgument(node: Operand): string {
  return node.kind === 'pipe' ? `(${showNode(node)})` : showNode(node);
}
