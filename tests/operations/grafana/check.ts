// Each dashboard as a literal of Grafana's own type: a field that it does not know, or of another
// type, is an error of the compiler. The test puts the dashboards in where DASHBOARDS stands.
import type { Dashboard, FieldConfigSource, Panel } from "@grafana/schema";
import type { Options as StatOptions } from "@grafana/schema/dist/esm/raw/composable/stat/panelcfg/x/StatPanelCfg_types.gen";
import type {
  FieldConfig as CurveConfig,
  Options as CurveOptions,
} from "@grafana/schema/dist/esm/raw/composable/timeseries/panelcfg/x/TimeSeriesPanelCfg_types.gen";

// JSON has texts where the types have enums: a text stands for the member of that value.
type Plain<T> = T extends string
  ? `${T}`
  : T extends (infer Item)[]
    ? Plain<Item>[]
    : T extends object
      ? { [Key in keyof T]: Plain<T[Key]> }
      : T;

// What Prometheus's data source is asked: its types are in no package.
interface Query {
  refId: string;
  datasource: { type: "prometheus"; uid: string };
  expr: string;
  legendFormat: string;
  range: boolean;
  instant: boolean;
}

type Known = Omit<Panel, "type" | "options" | "fieldConfig" | "targets"> & { targets: Query[] };
interface Curve extends Known {
  type: "timeseries";
  options: CurveOptions;
  fieldConfig: FieldConfigSource<CurveConfig>;
}
interface Stat extends Known {
  type: "stat";
  options: StatOptions;
  fieldConfig: FieldConfigSource;
}

type Board = Plain<Omit<Dashboard, "panels">> & { panels: Plain<Curve | Stat>[] };

export const boards: Board[] = DASHBOARDS;
