import { group } from '../../api/common.ts';
import { kinds } from '../../api/kinds.ts';
import type { ApiObject, Cluster, ResourceType } from '../../runtime/cluster/cluster.ts';
import type { Reviews, User } from './auth.ts';

interface TokenReview extends ApiObject {
  spec: { token: string };
  status?: { authenticated?: boolean; user?: Partial<User> };
}

interface SubjectAccessReview extends ApiObject {
  spec: {
    user: string;
    uid?: string;
    groups?: string[];
    extra?: Record<string, string[]>;
    resourceAttributes: { group: string; resource: string; verb: string };
  };
  status?: { allowed: boolean };
}

const tokenReviews: ResourceType<TokenReview> = {
  ...{ apiVersion: 'authentication.k8s.io/v1', kind: 'TokenReview', plural: 'tokenreviews', namespaced: false },
};
const accessReviews: ResourceType<SubjectAccessReview> = {
  ...{ apiVersion: 'authorization.k8s.io/v1', kind: 'SubjectAccessReview', namespaced: false },
  plural: 'subjectaccessreviews',
};

/** A review is an answer and no object: the API server wants it without a name. */
const metadata = { name: '' };
const head = ({ apiVersion, kind }: ResourceType) => ({ apiVersion, kind, metadata });

/** Asks the API server: a TokenReview for who it is, a SubjectAccessReview for what they may. */
export const clusterReviews = (cluster: Cluster): Reviews => ({
  async userOf(token) {
    const { status } = await cluster.create(tokenReviews, { ...head(tokenReviews), spec: { token } });
    const { username, ...rest } = status?.user ?? {};
    return status?.authenticated && username ? { username, ...rest } : undefined;
  },

  async mayRead({ username, ...rest }) {
    const resourceAttributes = { group, resource: kinds.NASSearch.plural, verb: 'get' };
    const spec = { user: username, ...rest, resourceAttributes };
    return (await cluster.create(accessReviews, { ...head(accessReviews), spec })).status?.allowed === true;
  },
});
